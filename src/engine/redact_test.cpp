// SPDX-License-Identifier: Apache-2.0
// Canaries in every shape secrets come in must vanish, and what diagnoses a fault must stay.
#include "engine/redact.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "engine/redact_named.h"
#include "model/codec.h"

namespace postflight {
namespace {

/// A text with a secret in it, and what must still be read in it.
struct Leak {
  std::string text;
  std::vector<std::string> secrets;
  std::vector<std::string> stays = {};
};

class RedactLeak : public ::testing::TestWithParam<Leak> {};

TEST_P(RedactLeak, VanishesAndTheRestStays) {
  const Leak& leak = GetParam();
  const std::string out = redact_text(leak.text);
  for (const std::string& secret : leak.secrets) {
    ASSERT_NE(leak.text.find(secret), std::string::npos) << "the case is wrong: " << secret;
    EXPECT_EQ(out.find(secret), std::string::npos) << leak.text << "\n  became\n" << out;
  }
  for (const std::string& word : leak.stays) {
    EXPECT_NE(out.find(word), std::string::npos) << leak.text << "\n  lost " << word << "\n" << out;
  }
  EXPECT_NE(out.find("[redacted]"), std::string::npos) << out;
  EXPECT_EQ(redact_text(out), out) << "not idempotent";
}

INSTANTIATE_TEST_SUITE_P(
    Urls, RedactLeak,
    ::testing::Values(
        Leak{"postgres://app:c4nary@10.0.0.5:5432/shop", {"c4nary"}, {"app", "10.0.0.5:5432/shop"}},
        Leak{"postgresql+psycopg2://app:c4nary@db.example.org/shop?sslmode=require",
             {"c4nary"},
             {"db.example.org/shop?sslmode=require"}},
        Leak{"redis://:c4nary@127.0.0.1:6379/0", {"c4nary"}, {"redis://:", "127.0.0.1:6379/0"}},
        Leak{
            "rediss://default:c4n/ary?x@cache:6380/1", {"c4n", "ary"}, {"default", "cache:6380/1"}},
        Leak{"mysql+pymysql://root:p@ss@w0rd@[::1]:3306/x",
             {"p@ss", "w0rd"},
             {"root", "[::1]:3306/x"}},
        Leak{"mongodb+srv://u:c4nary@h1.example.org,h2.example.org/?replicaSet=rs0",
             {"c4nary"},
             {"h1.example.org,h2.example.org", "replicaSet=rs0"}},
        Leak{"amqp://guest:c4nary@mq1:5672//;amqp://guest:c5nary@mq2:5672//",
             {"c4nary", "c5nary"},
             {"mq1:5672", "mq2:5672"}},
        Leak{"redis://:c4nary@h1:1,redis://:c5nary@h2:2", {"c4nary", "c5nary"}, {"h1:1", "h2:2"}},
        Leak{"https://user:c4nary@example.org/@scope/pkg",
             {"c4nary"},
             {"user", "example.org/@scope/pkg"}},
        Leak{"https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/5",
             {"0123456789abcdef"},
             {"o1.ingest.sentry.io/5"}},
        Leak{"broker=amqp://app:пароль-секрет@mq/vhost", {"пароль", "секрет"}, {"mq/vhost"}},
        Leak{"connect to postgres://app:c4nar…", {"c4nar"}, {"postgres://app:"}},
        Leak{"connect to postgres://app:123456789…", {"123456789"}, {"app"}},
        Leak{"jdbc:postgresql://db:5432/x?user=app&password=c4nary&ssl=true",
             {"c4nary"},
             {"db:5432/x", "user=app", "ssl=true"}},
        Leak{"jdbc:oracle:thin:app/c4nary@db:1521/x", {"c4nary"}, {"app", "db:1521/x"}},
        Leak{"app:c4nary@tcp(127.0.0.1:3306)/shop", {"c4nary"}, {"app", "127.0.0.1:3306"}},
        Leak{"https://api.example.org/v1?access_token=c4nary&page=2",
             {"c4nary"},
             {"api.example.org/v1", "page=2"}},
        Leak{"redis://:123/45x@h/0", {"123/45x"}, {"h/0"}},
        Leak{"ftp://u:%63%34nary@h/", {"%63%34nary"}, {"h/"}}));

INSTANTIATE_TEST_SUITE_P(
    Environments, RedactLeak,
    ::testing::Values(
        Leak{R"({"DB_PASSWORD":"c4nary","DB_HOST":"10.1.2.3","DB_USER":"app"})",
             {"c4nary"},
             {"10.1.2.3", "\"app\""}},
        Leak{R"(["PATH=/usr/bin","POSTGRES_PASSWORD=c4nary","PGHOST=db"])",
             {"c4nary"},
             {"/usr/bin", "PGHOST=db"}},
        Leak{R"({\"api_key\": \"c4nary\", \"host\": \"h1\"})", {"c4nary"}, {"h1"}},
        Leak{R"({"password": "c4n\"ary", "port": 5432})", {"c4n", "ary"}, {"5432"}},
        Leak{R"({"password": "c4nary was cut…)", {"c4nary", "was"}, {}},
        Leak{R"({"name":"DB_PASSWORD","value":"c4nary"},{"name":"DB_HOST","value":"db"})",
             {"c4nary"},
             {"\"db\""}},
        Leak{"PATH=/bin\nSECRET_KEY=c4n,ary;wi&th}all\nHOME=/root\n",
             {"c4n", "ary", "wi&th", "th}all"},
             {"PATH=/bin", "HOME=/root"}},
        Leak{"DB_PASSWORD=two words here\nDB_HOST=db", {"two", "words", "here"}, {"DB_HOST=db"}},
        Leak{std::string("A=1\0DB_PASSWORD=c4nary x\0B=2", 28), {"c4nary"}, {"A=1", "B=2"}},
        Leak{"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
             {"wJalrXUtnFEMI"},
             {"AWS_SECRET_ACCESS_KEY"}},
        Leak{"SECRET_KEY_BASE=c4nary", {"c4nary"}},
        Leak{"APP_KEY=base64:c4naryc4nary=", {"c4nary"}}, Leak{"JWT_SECRET=c4nary", {"c4nary"}},
        Leak{"REDIS_PASS=c4nary", {"c4nary"}}, Leak{"DB_PASSWORD_REPLICA=c4nary", {"c4nary"}},
        Leak{"DB_PASSWORD2=c4nary", {"c4nary"}},
        Leak{"DB_PWD=c4nary PWD=/root", {"c4nary"}, {"PWD=/root"}},
        Leak{"QDRANT__SERVICE__API_KEY=c4nary", {"c4nary"}}));

INSTANTIATE_TEST_SUITE_P(
    CommandLines, RedactLeak,
    ::testing::Values(
        Leak{"mysql -u root -pc4nary -h 10.0.0.5 shop", {"c4nary"}, {"root", "10.0.0.5 shop"}},
        Leak{"mysqldump --password=c4nary --host=db shop", {"c4nary"}, {"--host=db shop"}},
        Leak{"redis-cli -h 10.0.0.5 -p 6379 -a c4nary ping",
             {"c4nary"},
             {"10.0.0.5", "6379", "ping"}},
        Leak{"redis-cli --user app --pass c4nary info", {"c4nary"}, {"app", "info"}},
        Leak{"PGPASSWORD=c4nary pg_dump -h 10.0.0.5 -U app shop",
             {"c4nary"},
             {"pg_dump -h 10.0.0.5 -U app shop"}},
        Leak{"env PGPASSWORD='c4 nary' psql -h db", {"c4 nary"}, {"psql -h db"}},
        Leak{"psql 'host=db user=app password=c4nary dbname=x'",
             {"c4nary"},
             {"host=db user=app", "dbname=x"}},
        Leak{"psql postgresql://app:c4nary@db/x", {"c4nary"}, {"db/x"}},
        Leak{"redis-server *:6379 --requirepass c4nary --maxmemory 1gb",
             {"c4nary"},
             {"*:6379", "--maxmemory 1gb"}},
        Leak{"celery -A app -b redis://:c4nary@h/0 worker", {"c4nary"}, {"h/0 worker"}},
        Leak{"curl -u app:c4nary https://example.org/health",
             {"c4nary"},
             {"app", "https://example.org/health"}},
        Leak{"curl -H 'Authorization: Bearer c4nary-c4nary-77' https://example.org/x",
             {"c4nary"},
             {"https://example.org/x"}},
        Leak{"curl -H \"X-Api-Key: c4nary\" https://example.org/x",
             {"c4nary"},
             {"https://example.org/x"}},
        Leak{"sshpass -p c4nary ssh root@10.0.0.1", {"c4nary"}, {"ssh root@10.0.0.1"}},
        Leak{"docker run -e POSTGRES_PASSWORD=c4nary -p 5432:5432 postgres",
             {"c4nary"},
             {"5432:5432 postgres"}},
        Leak{"app --db-password c4nary --port 80", {"c4nary"}, {"--port 80"}},
        Leak{"rabbitmqctl add_user app c4nary", {"c4nary"}, {"app"}},
        Leak{
            "openssl rsa -passin pass:c4nary -in /etc/ssl/k.pem", {"c4nary"}, {"/etc/ssl/k.pem"}}));

INSTANTIATE_TEST_SUITE_P(
    Protocols, RedactLeak,
    ::testing::Values(
        Leak{"GET / HTTP/1.1\r\nHost: example.org\r\nAuthorization: Basic "
             "YXBwOmM0bmFyeQ==\r\nAccept: */*",
             {"YXBwOmM0bmFyeQ"},
             {"Host: example.org", "Accept: */*"}},
        Leak{
            "Set-Cookie: session=c4nary; HttpOnly\r\nServer: nginx", {"c4nary"}, {"Server: nginx"}},
        Leak{"api-key: c4nary\nHost: q", {"c4nary"}, {"Host: q"}},
        Leak{R"(Authorization: Digest username="app", nonce="n", response="c4naryc4nary")",
             {"c4nary"}},
        Leak{"sent AUTH c4nary", {"c4nary"}}, Leak{"AUTH default c4nary", {"c4nary"}},
        Leak{"AUTH c4nary\r\nPING", {"c4nary"}, {"PING"}},
        Leak{"HELLO 3 AUTH app c4nary SETNAME x", {"c4nary"}, {"app", "SETNAME x"}},
        Leak{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_"
             "XgL0n3I9PlFUP0THsR8U",
             {"eyJhbGci", "dozjgNry"}},
        Leak{"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NT…", {"eyJzdWIi"}},
        Leak{"AKIAIOSFODNN7EXAMPLE", {"AKIAIOSFODNN7EXAMPLE"}},
        Leak{"ghp_abcdefghijklmnopqrstuvwxyz0123456789", {"ghp_abc"}},
        Leak{"AIzaSyA1234567890abcdefghijklmnopqrstuv", {"AIzaSyA"}},
        Leak{"sk-proj-Abcdef1234567890Abcdef1234567890", {"Abcdef1234567890"}},
        Leak{"bot 123456789:AAabcdefghijklmnopqrstuvwxyz1234567", {"AAabcdef"}, {"bot"}},
        Leak{"app:$apr1$abcdefgh$0123456789abcdefghijkl", {"0123456789abcdef"}, {"app"}},
        Leak{"SCRAM-SHA-256$4096:c4narysalt==$c4narykey=:c4naryserver=", {"c4nary"}},
        Leak{"user app on >c4nary >c5nary ~* +@all", {"c4nary"}, {"user app on", "~* +@all"}},
        Leak{"CREATE USER app WITH PASSWORD 'c4''nary' LOGIN", {"c4''nary"}, {"app", "LOGIN"}},
        Leak{"CREATE USER 'a'@'%' IDENTIFIED BY 'c4nary'", {"c4nary"}, {"'a'@'%'"}},
        Leak{"db.example.org:5432:shop:app:c4nary", {"c4nary"}, {"db.example.org:5432:shop:app"}}));

constexpr const char* kPem =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAc4nary\nQ0FOQVJZY2FuYXJ5Y2FuYXJ5\n-----END "
    "RSA PRIVATE KEY-----";

INSTANTIATE_TEST_SUITE_P(
    Keys, RedactLeak,
    ::testing::Values(
        Leak{std::string("before ") + kPem + " after",
             {"MIIEowIBAA", "Q0FOQVJZ"},
             {"before ", " after"}},
        Leak{std::string(kPem).substr(0, 60), {"MIIEowIBAA"}},
        Leak{std::string(kPem).substr(40), {"AAKCAQEA", "Q0FOQVJZ"}},
        Leak{R"(-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEAc4nary\n-----END PRIVATE KEY-----\n)",
             {"MIIEowIBAA"}},
        Leak{"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA", {"b3BlbnNz"}},
        Leak{"-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBGc4nary\n-----END PGP PRIVATE KEY "
             "BLOCK-----",
             {"lQOYBGc4nary"}},
        Leak{"[Interface]\nPrivateKey = c4naryc4naryc4nary=\nAddress = 10.0.0.2/24",
             {"c4nary"},
             {"Address = 10.0.0.2/24"}}));

INSTANTIATE_TEST_SUITE_P(
    Configurations, RedactLeak,
    ::testing::Values(
        Leak{"db:\n  host: 10.0.0.5\n  password: c4nary with blanks # note\n  user: app",
             {"c4nary", "blanks"},
             {"host: 10.0.0.5", "user: app", "# note"}},
        Leak{"api_key: |\n  c4nary1\n  c4nary2\nhost: db", {"c4nary1", "c4nary2"}, {"host: db"}},
        Leak{"{host: db, password: c4nary, user: app}", {"c4nary"}, {"host: db", "user: app"}},
        Leak{"[database]\npassword = c4nary x\nhost = db", {"c4nary x"}, {"host = db"}},
        Leak{"define('DB_PASSWORD', 'c4nary');\ndefine('DB_HOST', 'db');",
             {"c4nary"},
             {"'DB_HOST', 'db'"}},
        Leak{"'password' => 'c4nary', 'host' => 'db'", {"c4nary"}, {"'host' => 'db'"}},
        Leak{"$config['password'] = \"c4nary\"; $config['host'] = 'db';", {"c4nary"}, {"'db'"}},
        Leak{"Server=db;User Id=app;Password=c4nary;Encrypt=true",
             {"c4nary"},
             {"Server=db;User Id=app", "Encrypt=true"}},
        Leak{"<password>c4nary</password><host>db</host>", {"c4nary"}, {"<host>db</host>"}},
        Leak{"<add key=\"DbPassword\" value=\"c4nary\"/>", {"c4nary"}},
        Leak{"requirepass c4nary\nport 6379", {"c4nary"}, {"port 6379"}},
        Leak{"masterauth \"c4nary\"\nport 6379", {"c4nary"}, {"port 6379"}},
        Leak{"password=\"line one\nline two\"\nhost=db", {"line one", "line two"}, {"host=db"}},
        Leak{"password=a\xff"
             "c4nary\xfe rest",
             {"c4nary"}},
        Leak{"Пароль: x, password: с4нарейка", {"с4нарейка"}, {"Пароль"}}));

INSTANTIATE_TEST_SUITE_P(OfDigitsAlone, RedactLeak,
                         ::testing::Values(Leak{"DB_PASS=12345678", {"12345678"}},
                                           Leak{"app --pass=12345678", {"12345678"}},
                                           Leak{"SMTP_PASS: 12345678", {"12345678"}},
                                           Leak{"db_pass=\"12345678\"", {"12345678"}},
                                           Leak{"passwords=12345678", {"12345678"}},
                                           Leak{"pass: 12345", {"12345"}}));

INSTANTIATE_TEST_SUITE_P(
    Templates, RedactLeak,
    ::testing::Values(Leak{"password=${hunter2", {"hunter2"}},
                      Leak{"password={{hunter2", {"hunter2"}},
                      Leak{"password: ${DB_PASSWORD:-hunter2}", {"hunter2"}},
                      Leak{"password=${A}hunter2 host=db", {"hunter2"}, {"host=db"}},
                      Leak{"password={{ a }}hunter2 host=db", {"hunter2"}, {"host=db"}},
                      Leak{"password=${A} token=hunter2", {"hunter2"}, {"password=${A}"}}));

INSTANTIATE_TEST_SUITE_P(
    Corners, RedactLeak,
    ::testing::Values(
        Leak{"GET /?redirect=%2Flogin%3Fpassword%3Dhunter2%26page%3D2 HTTP/1.1",
             {"hunter2"},
             {"redirect=%2Flogin%3Fpassword%3D", "%26page%3D2 HTTP/1.1"}},
        Leak{"next=%252Fx%253Fpwd%253Dhunter2&a=b", {"hunter2"}, {"&a=b"}},
        Leak{"q=%7B%22password%22%3A%22hunter2%22%2C%22a%22", {"hunter2"}, {"%22%2C%22a%22"}},
        Leak{"redis://hunter2@h:6379/0", {"hunter2"}, {"redis://", "@h:6379/0"}},
        Leak{"rediss://hunter2@h", {"hunter2"}, {"@h"}},
        Leak{"amqp://hunter2@mq/vhost", {"hunter2"}, {"@mq/vhost"}},
        Leak{"requirepass <hunter2>", {"hunter2"}}, Leak{"AUTH <hunter2>", {"hunter2"}},
        Leak{"requirepass <password>hunter2", {"hunter2"}},
        Leak{"ACL SETUSER a on >hunter2 ~*", {"hunter2"}, {"SETUSER a on", "~*"}},
        Leak{R"("ACL" "SETUSER" "a" "on" ">hunter2")", {"hunter2"}, {"\"a\" \"on\""}},
        Leak{"user app on >c4nary >c5nary ~* >c6nary", {"c4nary", "c5nary", "c6nary"}, {"~*"}},
        Leak{R"(ALTER ROLE a PASSWORD E'hun\'ter2' LOGIN)", {"hun", "ter2"}, {"LOGIN"}},
        Leak{"ALTER ROLE a PASSWORD $$hunter2$$ LOGIN", {"hunter2"}, {"LOGIN"}},
        Leak{"ALTER ROLE a PASSWORD $x$hunter2", {"hunter2"}},
        Leak{R"(SET PASSWORD = PASSWORD("hunter2");)", {"hunter2"}},
        Leak{"SELECT PASSWORD('hunter2')", {"hunter2"}},
        Leak{R"(CREATE USER a IDENTIFIED BY "hunter2")", {"hunter2"}},
        Leak{R"(["redis-server","--requirepass","hunter2","--port"])", {"hunter2"}, {"--port"}},
        Leak{R"([\"app\",\"--db-password\", \"hunter2\"])", {"hunter2"}, {"app"}},
        Leak{"machine h.example.org login app password hunter2", {"hunter2"}, {"login app"}},
        Leak{"machine h.example.org\n  login app\n  password hunter2\n", {"hunter2"}, {"app"}},
        Leak{"default login app password hunter2", {"hunter2"}},
        Leak{"%access_key=hunter2", {"hunter2"}}, Leak{"user a on >[hunter2", {"hunter2"}},
        Leak{"login app\npassword hunter2\nmachine b", {"hunter2"}, {"machine b"}},
        Leak{"  stats auth admin:hunter2\n  stats enable", {"hunter2"}, {"admin:", "stats enable"}},
        Leak{"user a insecure-password hunter2", {"hunter2"}},
        Leak{"<password type=\"x\">hunter2</password>", {"hunter2"}, {"type=\"x\""}},
        Leak{"<password><![CDATA[hunter2]]></password>", {"hunter2"}},
        Leak{std::string("redis-server\0--requirepass\0hunter2\0--port\0"
                         "1",
                         43),
             {"hunter2"},
             {"--port"}},
        Leak{std::string("redis-cli\0-a\0hunter2\0ping", 25), {"hunter2"}, {"ping"}},
        Leak{"--requirepass hunter2", {"hunter2"}}, Leak{"DB_PW=hunter2", {"hunter2"}},
        Leak{"dbPw: hunter2", {"hunter2"}},
        Leak{"пароль: hunter2, хост: db", {"hunter2"}, {"пароль: "}},
        Leak{"{\"Пароль\":\"hunter2\"}", {"hunter2"}}));

class RedactKeeps : public ::testing::TestWithParam<const char*> {};

TEST_P(RedactKeeps, Unchanged) {
  EXPECT_EQ(redact_text(GetParam()), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Prose, RedactKeeps,
    ::testing::Values(
        "FATAL:  password authentication failed for user \"app\"",
        "FATAL:  no pg_hba.conf entry for host \"10.0.0.5\", user \"app\", database \"shop\", no "
        "encryption",
        "the token expired", "token expired at 12:00",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "NOAUTH Authentication required.", "-NOAUTH Authentication required.",
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?",
        "ERR Client sent AUTH, but no password is set", "ERR AUTH failed", "250-AUTH PLAIN LOGIN",
        "250 AUTH LOGIN",
        "DENIED Redis is running in protected mode because protected mode is enabled and no "
        "password is set for the "
        "default user. In this mode connections are only accepted from the loopback interface. If "
        "you want to connect "
        "from external computers to Redis you may adopt one of the following solutions: 1) Just "
        "disable protected mode "
        "sending the command 'CONFIG SET protected-mode no' from the loopback interface by "
        "connecting to Redis from the "
        "same host the server is running",
        "requirepass is not set", "CONFIG GET requirepass", "the requirepass directive is empty",
        "db0:keys=12,expires=3,avg_ttl=0", "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n",
        "password_encryption = scram-sha-256", "PasswordAuthentication no",
        "password_file: /run/secrets/pg", "POSTGRES_PASSWORD_FILE=/run/secrets/pg",
        "ssl_certificate_key /etc/ssl/private/site.key;", "proxy_pass http://127.0.0.1:8000;",
        "proxy_pass: http://backend:8000", "PWD=/root", "OLDPWD=/srv/app", "max_tokens=4096",
        "requires_password: true", "password: null", "token_type: bearer", "compass=north",
        "Bearer authentication is required", "WWW-Authenticate: Basic realm=\"app\"",
        "Basic authentication required", "http://127.0.0.1:8080/path?email=a@example.org",
        "http://[::1]:6379/", "http://10.0.0.5:8080…", "redis://127.0.0.1:6379/0",
        "listening on 0.0.0.0:5432 and [::]:5432", "http://host:8080/a:b@c",
        "https://example.org/@scope/pkg", "postgres: app shop 10.0.0.5(53412) idle",
        "sshd: root@pts/0", "mysql -u root -h db shop", "mysql --password -h db",
        "redis-cli -h db ping", "keys=100 tokens=5", "2001:db8:0:1:8000::1",
        "2001:0:53aa:64c:0:1:2:3", "/etc/letsencrypt/live/example.org/privkey.pem",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "user default on nopass ~* &* +@all", "pass", "12:30:15 app: pass: 5 fail: 1",
        "уведомление: пароль не задан", "usage: redis-cli --pass <password>",
        "the sk-learn package", "root:x:0:0:root:/root:/bin/bash", "127.0.0.1:6379@container-1",
        "git@github.com:org/repo.git", "postmaster@example.org:25", "prompt_tokens=512 secrets=3",
        "api_keys: 12", "password=${DB_PASSWORD} host=db", "app --set password={{ vault.x }} -v",
        "password: \"{{ lookup('env', \"X\") }}\"", "token: ${{ secrets.GITHUB_TOKEN }}",
        "{host: db, password: ${DB_PASSWORD}}", "redirect=%2Flogin%3Fpage%3D2",
        "f=%3Fpassword_file%3D%2Frun%2Fx", "amqp://guest@mq/vhost", "redis://default@h:6379",
        "redis://h:6379/0", "postgres://app@db/x", "usage: AUTH <username> <password>",
        "usage: app --token <api-key>", "ACL SETUSER <user> on", "user app > out.txt",
        "ALTER ROLE a PASSWORD NULL", "the password (see below)", "identified by \"\"",
        R"(["app","--password","--host","db"])", R"(["--password-file","/run/secrets/x"])",
        "login with password failed", "default login with password authentication",
        "usage: app --token <your own token>", "machine account password expired", "stats auth",
        "<password type=\"x\"/><host>db</host>", "<password_file a=\"b\">/x</password_file>",
        "pwm=5 PWM: 12", "GPWS: x", "пароль: не задан", "пароль неверен: app"));

TEST(Redact, HugeTextsTakeLinearTime) {
  const auto seconds_for = [](const std::string& unit, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += unit;
    const auto start = std::chrono::steady_clock::now();
    redact_text(text);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (const char* unit : {"a",
                           "password=",
                           "password=x,",
                           "http://u:",
                           "mysql ",
                           "://",
                           "-----BEGIN PRIVATE KEY-----",
                           "user a ",
                           "Q0FOQVJZY2FuYXJ5 ",
                           "\"password\":\"",
                           "AUTH ",
                           "token:\n",
                           "\\",
                           "eyJabcdefgh.",
                           "token=${",
                           "token={{",
                           "token=${A}",
                           "token={{a}},",
                           "token://",
                           "PWD=/",
                           "PWD='/",
                           "token%3D*%26",
                           "token%3D",
                           "user a >b ",
                           "PASSWORD $$",
                           "PASSWORD E'\\",
                           "login a password ",
                           "machine a login b "}) {
    EXPECT_LT(seconds_for(unit, 300'000), 2.0) << unit;
  }
}

TEST(Redact, JsonIsRedactedAtEveryDepth) {
  Json value = Json::parse(R"({
    "password": "c4nary", "nested": [{"api_key": {"value": "c4nary"}}, "redis://:c4nary@h/0"],
    "secrets": ["c4nary", {"x": "c4nary"}], "env": [{"name": "DB_PASSWORD", "value": "c4nary"},
    {"name": "DB_HOST", "value": "db"}], "postgres://u:c4nary@h/a": 1, "postgres://u:c5nary@h/a": 2,
    "requires_password": {"value": true, "evidence": {"source": "PING", "excerpt": "NOAUTH"}},
    "token": {"unknown": {"why": "denied", "detail": "no permission"}}, "keys": 12})");
  redact_json(value);
  const std::string text = dump_json(value);
  EXPECT_EQ(text.find("c4nary"), std::string::npos) << text;
  EXPECT_EQ(text.find("c5nary"), std::string::npos) << text;
  EXPECT_EQ(value["env"][1]["value"], "db");
  EXPECT_EQ(value["requires_password"]["evidence"]["source"], "PING");
  EXPECT_EQ(value["token"]["unknown"]["detail"], "no permission");
  EXPECT_EQ(value["keys"], 12);
  EXPECT_EQ(value.size(), 9u) << "a key was lost: " << text;
  Json again = value;
  redact_json(again);
  EXPECT_EQ(again, value);
}

TEST(Redact, NumbersUnderSecretNamesGoAndCountsStay) {
  Json value = Json::parse(R"({"password": 12345678, "pins": {"db_pass": -1.5}, "passwords": [7],
    "db": {"password": {"value": 12345678}}, "tokens": 12, "keys": 5, "api_keys": {"value": 3},
    "env": [{"name": "DB_PASSWORD", "value": 12345678}, {"name": "PORT", "value": 80}],
    "secrets": 12345678901, "token": true, "secret": null})");
  redact_json(value);
  EXPECT_EQ(value, Json::parse(R"({"password": "[redacted]", "pins": {"db_pass": "[redacted]"},
    "passwords": ["[redacted]"], "db": {"password": {"value": "[redacted]"}}, "tokens": 12,
    "keys": 5, "api_keys": {"value": 3}, "env": [{"name": "DB_PASSWORD", "value": "[redacted]"},
    {"name": "PORT", "value": 80}], "secrets": "[redacted]", "token": true, "secret": null})"));
}

TEST(Redact, CommandLinesInJson) {
  Json value = Json::parse(R"({"cmd": ["redis-server", "--requirepass", "c4nary", "--port", "1"],
    "get": ["requirepass", "c4nary"], "ask": ["mysql", "--password", "--host", "db"],
    "pin": ["--pass", 12345678], "names": ["password", "token"]})");
  redact_json(value);
  EXPECT_EQ(value, Json::parse(R"({"cmd": ["redis-server", "--requirepass", "[redacted]", "--port",
    "1"], "get": ["requirepass", "[redacted]"], "ask": ["mysql", "--password", "--host", "db"],
    "pin": ["--pass", "[redacted]"], "names": ["password", "token"]})"));
}

TEST(Redact, OnlyEvidenceAndReasonsOfOurFormAreTextAboutASecret) {
  Json value = Json::parse(R"({"password": {"evidence": {"source": "PING", "pw": "c4nary"}},
    "token": {"unknown": "c4nary"}, "secret": {"evidence": ["c4nary"], "unknown": {"x": "c4nary"}},
    "api_key": {"evidence": {"source": {"at": "c4nary"}}}})");
  redact_json(value);
  EXPECT_EQ(dump_json(value).find("c4nary"), std::string::npos) << dump_json(value);
}

TEST(Redact, ManyKeysThatDifferInTheirSecretAlone) {
  Json value = Json::object();  // cubic would be a quarter of an hour
  for (int i = 0; i < 20'000; ++i) value["redis://:c4nary" + std::to_string(i) + "@h/0"] = i;
  redact_json(value);
  ASSERT_EQ(value.size(), 20'000u);
  const std::string text = dump_json(value);
  EXPECT_EQ(text.find("c4nary"), std::string::npos);
  EXPECT_LT(text.size(), 1'000'000u);
  EXPECT_EQ(parse_json(text).value(), value) << "a key stands twice";
}

TEST(Redact, ReachesEveryStringOfADocument) {
  const std::string leak = "redis://app:c4nary@10.0.0.5:6379/0";
  FactsDocument document;
  document.tool_version = document.host = document.started_at = leak;
  Topology topology;
  topology.addresses = topology.global_addresses = {leak};
  topology.namespaces = {{leak, 7, Unknown{Why::denied, leak}}};
  topology.services = {
      {leak,
       leak,
       7,
       Transport::tcp,
       80,
       {{leak}},
       Seen{std::vector{Program{1, leak, leak, leak, 0, leak}}, Evidence{leak, leak, leak}},
       {leak, leak}}};
  document.topology = Seen{topology, Evidence{leak, leak, leak}};
  document.tasks = {{leak, leak, Outcome::crashed, leak}};
  document.components = {{leak, leak, leak, leak, Json{{leak, {{"value", {{leak, leak}}}}}}}};
  document.not_checked = {{leak, leak, {Why::denied, leak}}};
  const std::string text = dump_json(to_json(redact(document)));
  EXPECT_EQ(text.find("c4nary"), std::string::npos) << text;
  EXPECT_NE(text.find("10.0.0.5:6379"), std::string::npos);
  Json whole = to_json(document);
  redact_json(whole);
  EXPECT_EQ(text, dump_json(whole)) << "piece by piece it must come to the same";
}

TEST(Redact, KeepsAnHonestDocumentAsItIs) {
  FactsDocument document;
  document.host = "app-1.example.org";
  document.tasks = {{"redis redis:127.0.0.1:6379", "redis:127.0.0.1:6379", Outcome::done}};
  document.components = {{"redis:127.0.0.1:6379", "redis", "Redis", "redis",
                          Json{{"requires_password", {{"value", true}}}}}};
  EXPECT_EQ(redact(document), document);
}

TEST(Redact, NamesOfSecrets) {
  for (const char* name : {"password", "DB_PASSWORD", "dbPassword", "X-Api-Key", "apiKey",
                           "requirepass", "DbPass", "client_secret", "AccountKey", "access_token",
                           "secrets", "PGPASSWORD", "MYSQL_PWD", "DB_PW", "pw", "пароль"}) {
    EXPECT_TRUE(names_a_secret(name)) << name;
  }
  for (const char* name :
       {"password_file", "requires_password_since", "proxy_pass", "compass", "bypass", "PWD_MODE",
        "key", "keys", "public_key", "tokenizer", "secretary", "name", "password_encryption"}) {
    EXPECT_FALSE(names_a_secret(name)) << name;
  }
}

/// Texts made of what secrets and configuration are made of.
rc::Gen<std::string> gen_text() {
  const auto piece = rc::gen::oneOf(
      rc::gen::element<std::string>(
          "password", "=", ": ", "\"", "'", " ", "\n", "://", "@", "user:", "token", "[redacted]",
          "-----BEGIN PRIVATE KEY-----", "AUTH ", "Bearer ", "eyJhbGciOiJ9.", "\\", ",", ";", "&",
          "mysql -p", "--pass ", "requirepass ", "DB_PASSWORD=", "…", "{", "}", "abc", "x1", "|",
          "#", "define('", "value", "  ", "/", "?", ">", "<", "$1$", "basic ", "cookie: ", "\xff"),
      rc::gen::string<std::string>());
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& each : pieces) text += each;
                        return text;
                      });
}

RC_GTEST_PROP(Redact, TwiceIsOnce, ()) {
  const std::string once = redact_text(*gen_text());
  RC_ASSERT(redact_text(once) == once);
}

RC_GTEST_PROP(Redact, NoPasswordSurvivesItsName, ()) {
  const auto secret = *rc::gen::suchThat(
      rc::gen::container<std::string>(rc::gen::oneOf(
          rc::gen::inRange('0', '9'), rc::gen::inRange('A', 'Z'),
          rc::gen::element('!', '$', '%', '^', '*', '(', '+', '.', '~', '@', '/', '?', '#', ','))),
      [](const std::string& s) {
        return s.size() > 5 && s.find_first_of("0123456789ABCDEFGHIJ") != std::string::npos &&
               s.find_first_not_of("*") != std::string::npos;
      });
  for (const std::string& text :
       {"DB_PASSWORD=" + secret, "password: " + secret, "{\"password\":\"" + secret + "\"}",
        "'password' => '" + secret + "'", "app --password " + secret, "requirepass " + secret}) {
    RC_ASSERT(redact_text(text).find(secret) == std::string::npos);
  }
}

/// Found by the fuzzer: something new is secret each time it is looked at.
TEST(Redact, WhatDoesNotSettleGoes) {
  const unsigned char bytes[] = {
      0x21, 0xf0, 0xff, 0xff, 0xff, 0x80, 0xa7, 0x70, 0x61, 0x0d, 0x70, 0x61, 0x73, 0x73, 0x3a,
      0x3a, 0xd2, 0xff, 0x09, 0x0e, 0x07, 0x01, 0x1b, 0x73, 0x00, 0x09, 0xd2, 0x2f, 0x80, 0x40,
      0x09, 0xd2, 0x4a, 0xd2, 0x01, 0x01, 0x1b, 0x73, 0x00, 0x09, 0xd2, 0x00, 0x0e, 0xff, 0x09,
      0x2f, 0x00, 0xd1, 0xbf, 0xf6, 0x2d, 0xb5, 0x2e, 0x07, 0x01, 0x1b, 0x73, 0x00, 0x09, 0xd2,
      0x2f, 0x80, 0x40, 0x09, 0xd2, 0x4a, 0xd2, 0x01, 0x01, 0x1b, 0x73, 0x00, 0x09, 0xd2, 0x00,
      0x0e, 0xff, 0x09, 0x2f, 0x00, 0x3e, 0x00, 0x00, 0x00, 0x09, 0x3a, 0x00, 0x0e, 0xff, 0x09,
      0x2f, 0x00, 0x3e, 0x00, 0x00, 0x2e, 0x09, 0x3a, 0x2f, 0x2f, 0xd2, 0xd2, 0x2f, 0x2f, 0xd2,
      0x4a, 0xd2, 0xc9, 0x57, 0x3a, 0x2f, 0x3a, 0x2f, 0x2f, 0x40};
  const std::string once = redact_text({reinterpret_cast<const char*>(bytes), sizeof bytes});
  EXPECT_EQ(redact_text(once), once);
}

}  // namespace
}  // namespace postflight
