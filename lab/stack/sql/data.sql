-- SPDX-License-Identifier: Apache-2.0
-- The application's 64 tables, about 60 MB, the same to the byte in every lab. Run in advakod_db.
create extension pg_trgm;
set role advakod;
create table users (id serial primary key, email text unique not null, created_at timestamptz default now());
create table chat_sessions (id serial primary key, user_id int references users (id));
create table chat_messages (id serial primary key, session_id int references chat_sessions (id), body text);
create table ab_tests (id serial primary key, name text);
create table audit_logs (id bigserial primary key, at timestamptz default now(), what text);

insert into users (email, created_at) values
  ('anna@advacodex.com', '2025-09-01 10:00+03'), ('boris@advacodex.com', '2025-09-02 11:30+03'),
  ('vera@advacodex.com', '2025-10-05 09:15+03');
insert into chat_sessions (user_id) select 1 + g % 3 from generate_series(1, 300) g;
insert into chat_messages (session_id, body)
  select 1 + g % 300, 'Вопрос ' || g || ': ' || repeat(md5(g::text), 28) from generate_series(1, 50000) g;
do $$ begin
  for i in 6 .. 64 loop execute format('create table t_%s (id serial primary key, v text)', i); end loop;
end $$;
create index users_email_trgm on users using gin (email gin_trgm_ops);
grant select on all tables in schema public to advakod_readonly;
