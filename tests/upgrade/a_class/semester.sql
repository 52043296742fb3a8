PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('0002');
CREATE TABLE applied (
	id INTEGER NOT NULL, 
	course VARCHAR(64) NOT NULL, 
	semester TEXT NOT NULL, 
	roster TEXT NOT NULL, 
	semester_name VARCHAR(500) NOT NULL, 
	roster_name VARCHAR(500) NOT NULL, 
	"by" VARCHAR(255) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO applied VALUES(1,'tinytorch-demo',replace('# A semester to try things with, made by `tito semester demo`. Change it as you like;\n# `tito semester apply` puts it in force.\ncourse: tinytorch-demo\ntitle: "TinyTorch: build a deep-learning framework"\ntime_zone: Europe/Berlin\nmodules: [scale, shift, affine, stack, measure]\nschedule:\n  scale: {release: 2026-11-23 00:00, due: 2026-11-30 20:00}\n  shift: {release: 2026-11-23 00:00, due: 2026-12-01 20:00}\n  affine: {release: 2026-11-23 00:00, due: 2026-12-02 20:00}\n  stack: {release: 2026-11-26 00:00, due: 2026-12-05 20:00}\n  measure: {release: 2026-11-29 00:00, due: 2026-12-08 20:00}\nlate: {grace_minutes: 15, window_hours: 48, penalty_percent_per_day: 10, maximum_percent: 30}\nattempts: {limit: 50, counts: last_on_time}\nunlock: when_closed\ngrading: {mode: best, manual_percent: 10}\nlimits: {memory: 2G, cpus: 2, processes: 512, home: 5G, idle_minutes: 60}\nstaff:\n  instructors: [ida]\n  tas: [tom]\nroster: semester-roster.csv\n','\n',char(10)),replace('username,last_name,first_name,email\nada,Lovelace,Ada,ada@example.org\nben,Rosen,Ben,ben@example.org\nchen,Chen,Li,chen@example.org\n','\n',char(10)),'/srv/course/semester.yaml','/srv/course/semester-roster.csv','ida','2026-11-29 10:08:11.027893');
CREATE TABLE actions (
	id INTEGER NOT NULL, 
	course VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	module VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	"by" VARCHAR(255) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	tries INTEGER NOT NULL, 
	try_after DATETIME NOT NULL, 
	finished_at DATETIME, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_actions_what_when UNIQUE (course, kind, module, at, "by")
);
INSERT INTO actions VALUES(1,'tinytorch-demo','release','affine','2026-11-22 23:00:00.000000','schedule','done',1,'2026-11-22 23:00:00.000000','2026-11-29 10:08:11.852166','version 1, 1 file');
INSERT INTO actions VALUES(2,'tinytorch-demo','release','scale','2026-11-22 23:00:00.000000','schedule','done',1,'2026-11-22 23:00:00.000000','2026-11-29 10:08:12.214948','version 1, 1 file');
INSERT INTO actions VALUES(3,'tinytorch-demo','release','shift','2026-11-22 23:00:00.000000','schedule','done',1,'2026-11-22 23:00:00.000000','2026-11-29 10:08:12.536588','version 1, 1 file');
INSERT INTO actions VALUES(4,'tinytorch-demo','release','stack','2026-11-25 23:00:00.000000','schedule','done',1,'2026-11-25 23:00:00.000000','2026-11-29 10:08:12.838139','version 1, 1 file');
INSERT INTO actions VALUES(5,'tinytorch-demo','release','measure','2026-11-28 23:00:00.000000','schedule','done',1,'2026-11-28 23:00:00.000000','2026-11-29 10:08:13.270810','version 1, 1 file');
INSERT INTO actions VALUES(6,'tinytorch-demo','collect','scale','2026-11-30 19:15:00.000000','schedule','pending',0,'2026-11-30 19:15:00.000000',NULL,'');
INSERT INTO actions VALUES(7,'tinytorch-demo','collect','shift','2026-12-01 19:15:00.000000','schedule','pending',0,'2026-12-01 19:15:00.000000',NULL,'');
INSERT INTO actions VALUES(8,'tinytorch-demo','collect','scale','2026-12-02 19:00:00.000000','schedule','pending',0,'2026-12-02 19:00:00.000000',NULL,'');
INSERT INTO actions VALUES(9,'tinytorch-demo','collect','affine','2026-12-02 19:15:00.000000','schedule','pending',0,'2026-12-02 19:15:00.000000',NULL,'');
INSERT INTO actions VALUES(10,'tinytorch-demo','collect','shift','2026-12-03 19:00:00.000000','schedule','pending',0,'2026-12-03 19:00:00.000000',NULL,'');
INSERT INTO actions VALUES(11,'tinytorch-demo','collect','affine','2026-12-04 19:00:00.000000','schedule','pending',0,'2026-12-04 19:00:00.000000',NULL,'');
INSERT INTO actions VALUES(12,'tinytorch-demo','collect','stack','2026-12-05 19:15:00.000000','schedule','pending',0,'2026-12-05 19:15:00.000000',NULL,'');
INSERT INTO actions VALUES(13,'tinytorch-demo','collect','stack','2026-12-07 19:00:00.000000','schedule','pending',0,'2026-12-07 19:00:00.000000',NULL,'');
INSERT INTO actions VALUES(14,'tinytorch-demo','collect','measure','2026-12-08 19:15:00.000000','schedule','pending',0,'2026-12-08 19:15:00.000000',NULL,'');
INSERT INTO actions VALUES(15,'tinytorch-demo','collect','measure','2026-12-10 19:00:00.000000','schedule','pending',0,'2026-12-10 19:00:00.000000',NULL,'');
CREATE TABLE generated (
	course VARCHAR(64) NOT NULL, 
	module VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (course, module)
);
INSERT INTO "generated" VALUES('tinytorch-demo','scale','ec10b90807a195f9d0bf35547d05200e18fc470ac980efe8b7941c85e41540a8','2026-11-29 10:06:59.047910');
INSERT INTO "generated" VALUES('tinytorch-demo','shift','c1f7ce12d1b03462a27b45db1841b58d5cc5ef1419a5a4929e0198ff6da87f97','2026-11-29 10:06:59.047910');
INSERT INTO "generated" VALUES('tinytorch-demo','affine','f14b199859daaaa1cf2d64bb5006fc52efd0f3dcda9b223d62f1f754bf6535ba','2026-11-29 10:06:59.047910');
INSERT INTO "generated" VALUES('tinytorch-demo','stack','7cbaab989d0fc8928ea043a59f630c2fd8cbc10f937256fbc5847f8aecb7b5d5','2026-11-29 10:06:59.047910');
INSERT INTO "generated" VALUES('tinytorch-demo','measure','d4c816e9e1684a7af93478bc4a9653b22c9fccf96351d2388074ec1dd58e31d9','2026-11-29 10:06:59.047910');
CREATE TABLE confirmed (
	id INTEGER NOT NULL, 
	course VARCHAR(64) NOT NULL, 
	"key" VARCHAR(16) NOT NULL, 
	sentence TEXT NOT NULL, 
	"by" VARCHAR(255) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX ix_actions_due ON actions (state, try_after);
CREATE INDEX ix_confirmed_course ON confirmed (course);
COMMIT;
