-- SPDX-License-Identifier: Apache-2.0
-- What pg_dump of one database does not carry: roles and the database itself.
create role advakod login password 's3cret';
create role advakod_readonly nologin;
create database advakod_db owner advakod;
