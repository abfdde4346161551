// SPDX-License-Identifier: Apache-2.0
#include "testing/advakod_stack.h"

#include <chrono>
#include <string_view>
#include <thread>

namespace postflight::lab::testing {
namespace {

using host::testing::RedisServer;

bool installed() {
  return PostgresServer::installed() && RedisServer::installed();
}

constexpr const char* kTables = R"(
create table users(id serial primary key, email text unique not null,
                   created_at timestamptz default now());
create table chat_sessions(id serial primary key, user_id int references users(id));
create table chat_messages(id serial primary key, session_id int references chat_sessions(id),
                           body text);
create table ab_tests(id serial primary key, name text);
create table audit_logs(id bigserial primary key, at timestamptz default now(), what text);
insert into users(email) select 'user' || n || '@example.org' from generate_series(1, 3) n;
insert into chat_sessions(user_id) values (1), (2);
insert into chat_messages(session_id, body) select 1 + n % 2, 'сообщение ' || n
  from generate_series(1, 30) n;
insert into ab_tests(name) values ('one'), ('two'), ('three');
grant select, insert on all tables in schema public to advakod;
grant usage on all sequences in schema public to advakod;
)";

/// Statement by statement: a database cannot be dropped or made within several.
void make_database(const PostgresServer& server) {
  server.sql("drop database if exists advakod with (force)");
  server.sql("drop role if exists advakod");
  server.sql(std::string("create role advakod login password '") + kDatabasePassword + "'");
  server.sql("create database advakod");
  server.sql(kTables, "advakod");
}

}  // namespace

bool eventually(const std::function<bool()>& condition, Duration limit) {
  for (const Deadline deadline{limit}; !condition();) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

void AdvakodStack::SetUpTestSuite() {
  if (installed()) postgres_ = std::make_unique<PostgresServer>("log_connections = on");
}

void AdvakodStack::TearDownTestSuite() {
  postgres_.reset();
}

void AdvakodStack::SetUp() {
  if (!installed()) GTEST_SKIP() << "PostgreSQL or Redis is not installed";
  postgres().start();
  make_database(postgres());
  redis_ = std::make_unique<RedisServer>(std::string("requirepass ") + kRedisPassword);
  environment = {{"DATABASE_URL", database_url()}, {"REDIS_URL", redis_url()}};
}

BackendProcess& AdvakodStack::backend() {
  if (!backend_) backend_.emplace(environment);
  return *backend_;
}

std::string AdvakodStack::database_url() {
  return std::string("postgresql://advakod:") + kDatabasePassword +
         "@127.0.0.1:" + std::to_string(postgres().port()) + "/advakod";
}

std::string AdvakodStack::redis_url() const {
  return std::string("redis://:") + kRedisPassword +
         "@127.0.0.1:" + std::to_string(redis_->port()) + "/1";
}

int AdvakodStack::sessions() {
  return std::stoi(
      postgres().sql("select count(*) from pg_stat_activity where usename = 'advakod'"));
}

int AdvakodStack::logins() {
  constexpr std::string_view kLogin = "connection authorized: user=advakod";
  const std::string log = postgres().log();
  int count = 0;
  for (std::size_t at = 0; (at = log.find(kLogin, at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace postflight::lab::testing
