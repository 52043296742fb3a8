PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE jobs (
	id VARCHAR(32) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	assignment VARCHAR(128) NOT NULL, 
	asked_by VARCHAR(255) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO jobs VALUES('e39a82be59884d5191e92625c2f0680c','quick','scale','exchange','2026-11-29 10:08:46.269738');
INSERT INTO jobs VALUES('c626212d8bd741d89b62c6c9dd90943b','quick','scale','exchange','2026-11-29 10:08:47.244613');
INSERT INTO jobs VALUES('4100ce52a2ba47ada15869478793b539','collect','scale','ida','2026-11-29 10:09:23.852078');
INSERT INTO jobs VALUES('46ade6e9fb9843d6af338133353f954c','autograde','scale','ida','2026-11-29 10:09:25.365949');
INSERT INTO jobs VALUES('d8dcf0e764da429082d999dc781fb339','feedback','scale','ida','2026-11-29 10:09:37.538490');
INSERT INTO jobs VALUES('8092d5145a04488b93d02cd7266b9afc','release_feedback','scale','ida','2026-11-29 10:10:10.111626');
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
INSERT INTO tasks VALUES(1,'quick','scale','ada','{"submission": "a0a28556731f4212909b360f46db119f"}',0,'done','0 of 25 points of the visible checks; not there yet: scale, halve',1,NULL,NULL,'2026-11-29 10:08:46.343072','2026-11-29 10:08:50.472685','2026-11-29 10:09:19.818223',NULL,NULL);
INSERT INTO tasks VALUES(2,'quick','scale','chen','{"submission": "1b9431516e054fe9b493fa746392b707"}',0,'done','25 of 25 points of the visible checks: everything passed',1,NULL,NULL,'2026-11-29 10:08:47.292843','2026-11-29 10:09:19.894408','2026-11-29 10:09:21.985455',NULL,NULL);
INSERT INTO tasks VALUES(3,'collect','scale','','{}',5,'done','2 new or changed, 0 as before',1,NULL,NULL,'2026-11-29 10:09:23.896396','2026-11-29 10:09:24.010364','2026-11-29 10:09:27.195735',NULL,NULL);
INSERT INTO tasks VALUES(4,'autograde','scale','','{}',10,'done','2 submissions queued',1,NULL,NULL,'2026-11-29 10:09:25.396509','2026-11-29 10:09:27.238126','2026-11-29 10:09:27.521454',NULL,NULL);
INSERT INTO tasks VALUES(5,'autograde','scale','ada','{}',10,'done','0 of 90 points of the checks; not there yet: scale, halve',1,NULL,NULL,'2026-11-29 10:09:27.390083','2026-11-29 10:09:27.575341','2026-11-29 10:09:32.460564',NULL,NULL);
INSERT INTO tasks VALUES(6,'autograde','scale','chen','{}',10,'done','90 of 90 points of the checks: everything passed',1,NULL,NULL,'2026-11-29 10:09:27.484838','2026-11-29 10:09:32.522958','2026-11-29 10:09:35.659949',NULL,NULL);
INSERT INTO tasks VALUES(7,'feedback','scale','','{}',8,'done','2 submissions queued',1,NULL,NULL,'2026-11-29 10:09:37.571295','2026-11-29 10:09:37.617474','2026-11-29 10:09:37.716479',NULL,NULL);
INSERT INTO tasks VALUES(8,'feedback','scale','ada','{}',8,'done','21664 bytes',1,NULL,NULL,'2026-11-29 10:09:37.675031','2026-11-29 10:09:37.791669','2026-11-29 10:10:02.032770',NULL,NULL);
INSERT INTO tasks VALUES(9,'feedback','scale','chen','{}',8,'done','21411 bytes',1,NULL,NULL,'2026-11-29 10:09:37.695852','2026-11-29 10:10:02.106951','2026-11-29 10:10:05.630678',NULL,NULL);
INSERT INTO tasks VALUES(10,'release_feedback','scale','','{"unread": true}',9,'done','2 submissions queued',1,NULL,NULL,'2026-11-29 10:10:10.148543','2026-11-29 10:10:10.307221','2026-11-29 10:10:10.558988',NULL,NULL);
INSERT INTO tasks VALUES(11,'release_feedback','scale','ada','{"unread": true}',9,'done','released',1,NULL,NULL,'2026-11-29 10:10:10.474003','2026-11-29 10:10:10.686653','2026-11-29 10:10:15.396319',NULL,NULL);
INSERT INTO tasks VALUES(12,'release_feedback','scale','chen','{"unread": true}',9,'done','released',1,NULL,NULL,'2026-11-29 10:10:10.504219','2026-11-29 10:10:15.518627','2026-11-29 10:10:21.463444',NULL,NULL);
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
INSERT INTO regrades VALUES(1,'scale','chen','','My written answer was not read yet.','2026-11-29 10:10:24.024375','It is read now.','tom','2026-11-29 10:10:29.731111',NULL);
INSERT INTO regrades VALUES(2,'scale','chen','','One more look, please, at ümläuts.','2026-11-29 10:10:34.484570','',NULL,NULL,'chen/scale/');
CREATE TABLE feedback_releases (
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	released_at DATETIME NOT NULL, 
	score DOUBLE NOT NULL, 
	max_score DOUBLE NOT NULL, 
	PRIMARY KEY (assignment, student)
);
INSERT INTO feedback_releases VALUES('scale','ada','2026-11-29 10:10:15.058584',0.0,100.0);
INSERT INTO feedback_releases VALUES('scale','chen','2026-11-29 10:10:20.746065',90.0,100.0);
CREATE TABLE still_unread (
	assignment VARCHAR(128) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	answers INTEGER NOT NULL, 
	points DOUBLE NOT NULL, 
	PRIMARY KEY (assignment, student)
);
INSERT INTO still_unread VALUES('scale','chen',1,10.0);
CREATE TABLE notes (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO notes VALUES('schema_version','1');
INSERT INTO notes VALUES('exchange_cursor tinytorch-demo','2');
CREATE TABLE job_tasks (
	job_id VARCHAR(32) NOT NULL, 
	task_id INTEGER NOT NULL, 
	PRIMARY KEY (job_id, task_id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id), 
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);
INSERT INTO job_tasks VALUES('e39a82be59884d5191e92625c2f0680c',1);
INSERT INTO job_tasks VALUES('c626212d8bd741d89b62c6c9dd90943b',2);
INSERT INTO job_tasks VALUES('4100ce52a2ba47ada15869478793b539',3);
INSERT INTO job_tasks VALUES('46ade6e9fb9843d6af338133353f954c',4);
INSERT INTO job_tasks VALUES('46ade6e9fb9843d6af338133353f954c',5);
INSERT INTO job_tasks VALUES('46ade6e9fb9843d6af338133353f954c',6);
INSERT INTO job_tasks VALUES('d8dcf0e764da429082d999dc781fb339',7);
INSERT INTO job_tasks VALUES('d8dcf0e764da429082d999dc781fb339',8);
INSERT INTO job_tasks VALUES('d8dcf0e764da429082d999dc781fb339',9);
INSERT INTO job_tasks VALUES('8092d5145a04488b93d02cd7266b9afc',10);
INSERT INTO job_tasks VALUES('8092d5145a04488b93d02cd7266b9afc',11);
INSERT INTO job_tasks VALUES('8092d5145a04488b93d02cd7266b9afc',12);
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
INSERT INTO runs VALUES(1,1,'quick','scale','ada','a0a28556731f4212909b360f46db119f','fa8574c07460111268c202319c961c45123d244f31d40dcc7962b8bf9bf25058','756afb8aece33b78ca781bd33d9c6fc8cf42e4a72a4cececa821b46cba509f8c',983705997332893,'{"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}','2026-11-29 10:08:50.554439',29.282650000000000289,'graded','0 of 25 points of the visible checks; not there yet: scale, halve',0.0,25.0,'{"slug": "scale", "exercises": [{"name": "scale", "max_points": 15.0, "checks": [{"title": "two numbers", "points": 15.0, "hidden": false, "passed": false, "kind": "not solved", "why": "exercise ''scale'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}], "lent": "", "points": 0}, {"name": "halve", "max_points": 10.0, "checks": [{"title": "one number", "points": 10.0, "hidden": false, "passed": false, "kind": "not solved", "why": "exercise ''halve'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}], "lent": "", "points": 0}], "notes": [], "refused": "", "seed": 983705997332893, "mode": "best", "visible_only": true, "seconds": 2.351, "versions": {"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "points": 0, "max_points": 25.0, "passed": false}');
INSERT INTO runs VALUES(2,2,'quick','scale','chen','1b9431516e054fe9b493fa746392b707','b0ee4643f99fa382827b70897f78d2f6614740af2fa2da990c70976edbf899f9','756afb8aece33b78ca781bd33d9c6fc8cf42e4a72a4cececa821b46cba509f8c',4946880982514332,'{"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}','2026-11-29 10:09:19.905937',2.1005069999999999019,'graded','25 of 25 points of the visible checks: everything passed',25.0,25.0,'{"slug": "scale", "exercises": [{"name": "scale", "max_points": 15.0, "checks": [{"title": "two numbers", "points": 15.0, "hidden": false, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}], "lent": "", "points": 15.0}, {"name": "halve", "max_points": 10.0, "checks": [{"title": "one number", "points": 10.0, "hidden": false, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}], "lent": "", "points": 10.0}], "notes": [], "refused": "", "seed": 4946880982514332, "mode": "best", "visible_only": true, "seconds": 1.565, "versions": {"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "points": 25.0, "max_points": 25.0, "passed": true}');
INSERT INTO runs VALUES(3,3,'collect','scale','','','','',NULL,'{}','2026-11-29 10:09:24.030368',3.1676760000000001582,'done','2 new or changed, 0 as before',NULL,NULL,'{"new": ["ada", "chen"], "same": []}');
INSERT INTO runs VALUES(4,4,'autograde','scale','','','','',NULL,'{}','2026-11-29 10:09:27.288883',0.25788600000000000411,'done','2 submissions queued',NULL,NULL,'{}');
INSERT INTO runs VALUES(5,5,'autograde','scale','ada','','fa8574c07460111268c202319c961c45123d244f31d40dcc7962b8bf9bf25058','756afb8aece33b78ca781bd33d9c6fc8cf42e4a72a4cececa821b46cba509f8c',4908291961657152,'{"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}','2026-11-29 10:09:27.596357',4.883440000000000225,'graded','0 of 90 points of the checks; not there yet: scale, halve',0.0,90.0,'{"slug": "scale", "exercises": [{"name": "scale", "max_points": 50.0, "checks": [{"title": "two numbers", "points": 15.0, "hidden": false, "passed": false, "kind": "not solved", "why": "exercise ''scale'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}, {"title": "random numbers", "points": 35.0, "hidden": true, "passed": false, "kind": "not solved", "why": "exercise ''scale'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}], "lent": "", "points": 0}, {"name": "halve", "max_points": 40.0, "checks": [{"title": "one number", "points": 10.0, "hidden": false, "passed": false, "kind": "not solved", "why": "exercise ''halve'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}, {"title": "random numbers", "points": 30.0, "hidden": true, "passed": false, "kind": "not solved", "why": "exercise ''halve'' is not solved yet: write your code in place of this line", "called": "", "got": "", "expected": ""}], "lent": "", "points": 0}], "notes": [], "refused": "", "seed": 4908291961657152, "mode": "best", "visible_only": false, "seconds": 1.992, "versions": {"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "points": 0, "max_points": 90.0, "passed": false}');
INSERT INTO runs VALUES(6,6,'autograde','scale','chen','','b0ee4643f99fa382827b70897f78d2f6614740af2fa2da990c70976edbf899f9','756afb8aece33b78ca781bd33d9c6fc8cf42e4a72a4cececa821b46cba509f8c',4818039876030334,'{"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}','2026-11-29 10:09:32.524890',3.1504840000000000621,'graded','90 of 90 points of the checks: everything passed',90.0,90.0,'{"slug": "scale", "exercises": [{"name": "scale", "max_points": 50.0, "checks": [{"title": "two numbers", "points": 15.0, "hidden": false, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}, {"title": "random numbers", "points": 35.0, "hidden": true, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}], "lent": "", "points": 50.0}, {"name": "halve", "max_points": 40.0, "checks": [{"title": "one number", "points": 10.0, "hidden": false, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}, {"title": "random numbers", "points": 30.0, "hidden": true, "passed": true, "kind": "", "why": "", "called": "", "got": "", "expected": ""}], "lent": "", "points": 40.0}], "notes": [], "refused": "", "seed": 4818039876030334, "mode": "best", "visible_only": false, "seconds": 1.595, "versions": {"tinytorch": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "source": "46266ed1347f08b91394310d0ffc7b26cdb810df4d173fe416a4260615636555", "mode": "best", "earlier": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, "points": 90.0, "max_points": 90.0, "passed": true}');
INSERT INTO runs VALUES(7,7,'feedback','scale','','','','',NULL,'{}','2026-11-29 10:09:37.646965',0.10113500000000000267,'done','2 submissions queued',NULL,NULL,'{}');
INSERT INTO runs VALUES(8,8,'feedback','scale','ada','','','',NULL,'{}','2026-11-29 10:09:37.793757',24.240615999999999274,'done','21664 bytes',NULL,NULL,'{}');
INSERT INTO runs VALUES(9,9,'feedback','scale','chen','','','',NULL,'{}','2026-11-29 10:10:02.108741',3.5236380000000000478,'done','21411 bytes',NULL,NULL,'{}');
INSERT INTO runs VALUES(10,10,'release_feedback','scale','','','','',NULL,'{}','2026-11-29 10:10:10.310226',0.29619299999999998407,'done','2 submissions queued',NULL,NULL,'{}');
INSERT INTO runs VALUES(11,11,'release_feedback','scale','ada','a0a28556731f4212909b360f46db119f','','',NULL,'{}','2026-11-29 10:10:10.706935',4.7197490000000001941,'done','released',0.0,100.0,'{"late_percent": 0.0}');
INSERT INTO runs VALUES(12,12,'release_feedback','scale','chen','1b9431516e054fe9b493fa746392b707','','',NULL,'{}','2026-11-29 10:10:15.576163',5.9290830000000003252,'done','released',90.0,100.0,'{"late_percent": 0.0}');
CREATE INDEX ix_tasks_state_priority ON tasks (state, priority, id);
CREATE INDEX ix_runs_who ON runs (assignment, student, kind, id);
COMMIT;
