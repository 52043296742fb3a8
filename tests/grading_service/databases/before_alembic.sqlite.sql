BEGIN TRANSACTION;
CREATE TABLE feedback_releases (
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	released_at DATETIME NOT NULL, 
	score DOUBLE NOT NULL, 
	max_score DOUBLE NOT NULL, 
	PRIMARY KEY (assignment, student)
);
INSERT INTO "feedback_releases" VALUES('tensor','ada','2026-11-20 08:30:15.250000',90.0,100.0);
INSERT INTO "feedback_releases" VALUES('tensor','ben','2026-11-20 08:30:15.250000',41.5,100.0);
CREATE TABLE job_tasks (
	job_id VARCHAR(32) NOT NULL, 
	task_id INTEGER NOT NULL, 
	PRIMARY KEY (job_id, task_id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id), 
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);
INSERT INTO "job_tasks" VALUES('930328c0de054d2da97a75883ef8f479',1);
INSERT INTO "job_tasks" VALUES('93f7bb18aaae479d8c1907d3c8b340b2',2);
INSERT INTO "job_tasks" VALUES('846ce55a18ba4762ac8e43af78bd1ed7',3);
INSERT INTO "job_tasks" VALUES('2415a4c0418843e2896171d5b181c584',4);
INSERT INTO "job_tasks" VALUES('bd553ba57e414a75bcb9a3a46be4fa23',5);
INSERT INTO "job_tasks" VALUES('acdf14898c2e463ba81cb28460e8bf9b',6);
INSERT INTO "job_tasks" VALUES('acdf14898c2e463ba81cb28460e8bf9b',7);
INSERT INTO "job_tasks" VALUES('7b65165e9a4a445f955e3f8ec0835c66',8);
INSERT INTO "job_tasks" VALUES('e6801ed8762b4b1fa48e9589173b2e35',9);
INSERT INTO "job_tasks" VALUES('688efa4fc18041e39890f00d919d3eb4',10);
CREATE TABLE jobs (
	id VARCHAR(32) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	assignment VARCHAR(128) NOT NULL, 
	asked_by VARCHAR(255) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES('930328c0de054d2da97a75883ef8f479','quick','tensor','exchange','2026-11-29 06:31:52.403421');
INSERT INTO "jobs" VALUES('93f7bb18aaae479d8c1907d3c8b340b2','collect','tensor','ida','2026-11-29 06:31:52.443425');
INSERT INTO "jobs" VALUES('846ce55a18ba4762ac8e43af78bd1ed7','autograde','tensor','ida','2026-11-29 06:31:52.462800');
INSERT INTO "jobs" VALUES('2415a4c0418843e2896171d5b181c584','autograde','tensor','ida','2026-11-29 06:31:52.481182');
INSERT INTO "jobs" VALUES('bd553ba57e414a75bcb9a3a46be4fa23','autograde','tensor','ida','2026-11-29 06:31:52.497028');
INSERT INTO "jobs" VALUES('acdf14898c2e463ba81cb28460e8bf9b','feedback','tensor','ida','2026-11-29 06:31:52.511631');
INSERT INTO "jobs" VALUES('7b65165e9a4a445f955e3f8ec0835c66','release_feedback','tensor','ida','2026-11-29 06:31:52.538933');
INSERT INTO "jobs" VALUES('e6801ed8762b4b1fa48e9589173b2e35','autograde','tensor','tom','2026-11-29 06:31:52.554040');
INSERT INTO "jobs" VALUES('688efa4fc18041e39890f00d919d3eb4','autograde','tensor','ida','2026-11-29 06:31:52.559739');
CREATE TABLE notes (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "notes" VALUES('schema_version','1');
INSERT INTO "notes" VALUES('exchange_cursor tinytorch-2026-fall','7');
CREATE TABLE regrades (
	id INTEGER NOT NULL, 
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	exercise VARCHAR(128) NOT NULL, 
	reason TEXT NOT NULL, 
	asked_at DATETIME NOT NULL, 
	answer TEXT NOT NULL, 
	answered_by VARCHAR(255), 
	answered_at DATETIME, 
	open_key VARCHAR(600), 
	PRIMARY KEY (id), 
	UNIQUE (open_key)
);
INSERT INTO "regrades" VALUES(1,'tensor','ben','add','My broadcast is right: see cell 4.','2026-11-20 08:30:15.250000','',NULL,NULL,'tensor/ben/add');
INSERT INTO "regrades" VALUES(2,'tensor','ada','','Thanks, but?','2026-11-20 08:30:15.250000','Two points more.','tom','2026-11-20 08:30:15.250000',NULL);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	submission VARCHAR(255) NOT NULL, 
	submission_sha256 VARCHAR(64) NOT NULL, 
	source_sha256 VARCHAR(64) NOT NULL, 
	seed BIGINT, 
	versions JSON NOT NULL, 
	started_at DATETIME NOT NULL, 
	duration_seconds DOUBLE, 
	outcome VARCHAR(16) NOT NULL, 
	message TEXT NOT NULL, 
	score DOUBLE, 
	max_score DOUBLE, 
	report JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);
INSERT INTO "runs" VALUES(1,1,'quick','tensor','ada','sub-ada','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.427214',0.012322,'graded','',30.0,90.0,'{"exercises": [{"name": "add", "points": 30.0, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO "runs" VALUES(2,2,'collect','tensor','','sub-all','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.453851',0.005367,'done','2 new',NULL,NULL,'{}');
INSERT INTO "runs" VALUES(3,3,'autograde','tensor','ada','sub-ada','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.471087',0.00716,'graded','',90.0,90.0,'{"exercises": [{"name": "add", "points": 90.0, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO "runs" VALUES(4,4,'autograde','tensor','ben','sub-ben','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.488693',0.004962,'graded','41.5 of 90 points',41.5,90.0,'{"exercises": [{"name": "add", "points": 41.5, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO "runs" VALUES(5,5,'autograde','tensor','chen','sub-chen','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.504192',0.0049,'failed','no sandbox',NULL,NULL,'{}');
INSERT INTO "runs" VALUES(6,6,'feedback','tensor','ada','sub-ada','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.521402',0.004944,'done','',NULL,NULL,'{}');
INSERT INTO "runs" VALUES(7,7,'feedback','tensor','ben','sub-ben','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.531485',0.004878,'done','',NULL,NULL,'{}');
INSERT INTO "runs" VALUES(8,8,'release_feedback','tensor','','sub-all','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',9007199254740991,'{"tito": "0.1.0", "numpy": "2.4"}','2026-11-29 06:31:52.546612',0.004891,'done','',NULL,NULL,'{}');
INSERT INTO "runs" VALUES(9,9,'autograde','tensor','ben','','','',NULL,'{}','2026-11-29 06:31:52.569723',NULL,'running','',NULL,NULL,'{}');
CREATE TABLE still_unread (
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	answers INTEGER NOT NULL, 
	points DOUBLE NOT NULL, 
	PRIMARY KEY (assignment, student)
);
INSERT INTO "still_unread" VALUES('tensor','ben',1,5.0);
CREATE TABLE tasks (
	id INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	options JSON NOT NULL, 
	priority INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	message TEXT NOT NULL, 
	starts INTEGER NOT NULL, 
	worker VARCHAR(255), 
	lease_until DATETIME, 
	queued_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	waiting_key VARCHAR(600), 
	running_key VARCHAR(600), 
	PRIMARY KEY (id), 
	UNIQUE (waiting_key), 
	UNIQUE (running_key)
);
INSERT INTO "tasks" VALUES(1,'quick','tensor','ada','{"submission": "7"}',0,'done','',1,NULL,NULL,'2026-11-29 06:31:52.411719','2026-11-29 06:31:52.420440','2026-11-29 06:31:52.435926',NULL,NULL);
INSERT INTO "tasks" VALUES(2,'collect','tensor','','{}',5,'done','2 new',1,NULL,NULL,'2026-11-29 06:31:52.446005','2026-11-29 06:31:52.449230','2026-11-29 06:31:52.457452',NULL,NULL);
INSERT INTO "tasks" VALUES(3,'autograde','tensor','ada','{}',10,'done','',1,NULL,NULL,'2026-11-29 06:31:52.465217','2026-11-29 06:31:52.468750','2026-11-29 06:31:52.476758',NULL,NULL);
INSERT INTO "tasks" VALUES(4,'autograde','tensor','ben','{}',10,'done','41.5 of 90 points',1,NULL,NULL,'2026-11-29 06:31:52.483555','2026-11-29 06:31:52.486644','2026-11-29 06:31:52.492161',NULL,NULL);
INSERT INTO "tasks" VALUES(5,'autograde','tensor','chen','{}',10,'failed','no sandbox',1,NULL,NULL,'2026-11-29 06:31:52.499195','2026-11-29 06:31:52.502198','2026-11-29 06:31:52.507661',NULL,NULL);
INSERT INTO "tasks" VALUES(6,'feedback','tensor','ada','{}',8,'done','',1,NULL,NULL,'2026-11-29 06:31:52.513839','2026-11-29 06:31:52.519431','2026-11-29 06:31:52.524883',NULL,NULL);
INSERT INTO "tasks" VALUES(7,'feedback','tensor','ben','{}',8,'done','',1,NULL,NULL,'2026-11-29 06:31:52.516416','2026-11-29 06:31:52.529219','2026-11-29 06:31:52.534926',NULL,NULL);
INSERT INTO "tasks" VALUES(8,'release_feedback','tensor','','{}',9,'done','',1,NULL,NULL,'2026-11-29 06:31:52.540979','2026-11-29 06:31:52.543995','2026-11-29 06:31:52.550056',NULL,NULL);
INSERT INTO "tasks" VALUES(9,'autograde','tensor','ben','{"force": true}',10,'running','',1,'campus:4242:17','2026-11-29 06:32:22.567631','2026-11-29 06:31:52.556070','2026-11-29 06:31:52.567643',NULL,NULL,'book/tensor/ben');
INSERT INTO "tasks" VALUES(10,'autograde','tensor','ada','{}',10,'queued','',0,NULL,NULL,'2026-11-29 06:31:52.564493',NULL,NULL,'autograde/tensor/ada///',NULL);
CREATE INDEX ix_tasks_state_priority ON tasks (state, priority, id);
CREATE INDEX ix_runs_who ON runs (assignment, student, kind, id);
COMMIT;
