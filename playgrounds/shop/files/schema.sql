create role shop login password 'shop';
create database shop owner shop;
\c shop
set role shop;
create table goods (id int primary key, name text not null, stock int not null check (stock >= 0));
create table orders (id bigserial primary key, good int not null references goods, at timestamptz not null default now());
insert into goods values (1, 'Penguin, plush', 100000), (2, 'Cable, 2 m', 500), (3, 'Last mug', 1);
