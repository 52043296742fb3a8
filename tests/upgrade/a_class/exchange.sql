PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('0002');
CREATE TABLE audit (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR(27) NOT NULL, 
	actor VARCHAR(255) NOT NULL, 
	acting_for VARCHAR(255) NOT NULL, 
	verb VARCHAR(255) NOT NULL, 
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	status INTEGER NOT NULL, 
	detail TEXT NOT NULL
);
INSERT INTO audit VALUES(1,'2026-11-29T10:06:57.772482Z','semester','','put course','tinytorch-demo','','',200,'{"title": "TinyTorch: build a deep-learning framework", "timezone": "Europe/Berlin", "limits": {"max_files": 50, "max_file_bytes": 100000000, "max_submission_bytes": 100000000, "student_quota_bytes": 1000000000}}');
INSERT INTO audit VALUES(2,'2026-11-29T10:06:58.275153Z','semester','','put assignment','tinytorch-demo','scale','',200,'{"title": "Scale", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-11-30T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}');
INSERT INTO audit VALUES(3,'2026-11-29T10:06:58.419022Z','semester','','put assignment','tinytorch-demo','shift','',200,'{"title": "Shift", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-12-01T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}');
INSERT INTO audit VALUES(4,'2026-11-29T10:06:58.628519Z','semester','','put assignment','tinytorch-demo','affine','',200,'{"title": "Affine", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-12-02T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}');
INSERT INTO audit VALUES(5,'2026-11-29T10:06:58.770952Z','semester','','put assignment','tinytorch-demo','stack','',200,'{"title": "Stack", "release_at": "2026-11-25T23:00:00.000000Z", "due_at": "2026-12-05T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}');
INSERT INTO audit VALUES(6,'2026-11-29T10:06:58.922790Z','semester','','put assignment','tinytorch-demo','measure','',200,'{"title": "Measure", "release_at": "2026-11-28T23:00:00.000000Z", "due_at": "2026-12-08T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}');
INSERT INTO audit VALUES(7,'2026-11-29T10:08:11.662620Z','semester','','put solution','tinytorch-demo','affine','',201,'version 1, 1 files');
INSERT INTO audit VALUES(8,'2026-11-29T10:08:11.784947Z','semester','','put release','tinytorch-demo','affine','',201,'version 1, 1 files');
INSERT INTO audit VALUES(9,'2026-11-29T10:08:12.003806Z','semester','','put solution','tinytorch-demo','scale','',201,'version 1, 1 files');
INSERT INTO audit VALUES(10,'2026-11-29T10:08:12.117761Z','semester','','put release','tinytorch-demo','scale','',201,'version 1, 1 files');
INSERT INTO audit VALUES(11,'2026-11-29T10:08:12.406144Z','semester','','put solution','tinytorch-demo','shift','',201,'version 1, 1 files');
INSERT INTO audit VALUES(12,'2026-11-29T10:08:12.477167Z','semester','','put release','tinytorch-demo','shift','',201,'version 1, 1 files');
INSERT INTO audit VALUES(13,'2026-11-29T10:08:12.691235Z','semester','','put solution','tinytorch-demo','stack','',201,'version 1, 1 files');
INSERT INTO audit VALUES(14,'2026-11-29T10:08:12.771772Z','semester','','put release','tinytorch-demo','stack','',201,'version 1, 1 files');
INSERT INTO audit VALUES(15,'2026-11-29T10:08:13.098585Z','semester','','put solution','tinytorch-demo','measure','',201,'version 1, 1 files');
INSERT INTO audit VALUES(16,'2026-11-29T10:08:13.206603Z','semester','','put release','tinytorch-demo','measure','',201,'version 1, 1 files');
INSERT INTO audit VALUES(17,'2026-11-29T10:08:15.163243Z','ada','','submit','tinytorch-demo','scale','a0a28556731f4212909b360f46db119f',201,'');
INSERT INTO audit VALUES(18,'2026-11-29T10:08:47.083072Z','chen','','submit','tinytorch-demo','scale','1b9431516e054fe9b493fa746392b707',201,'');
INSERT INTO audit VALUES(19,'2026-11-29T10:09:19.646268Z','grading','','put result','tinytorch-demo','scale','a0a28556731f4212909b360f46db119f',200,'quick failed 0.0');
INSERT INTO audit VALUES(20,'2026-11-29T10:09:21.868273Z','grading','','put result','tinytorch-demo','scale','1b9431516e054fe9b493fa746392b707',200,'quick passed 25.0');
INSERT INTO audit VALUES(21,'2026-11-29T10:10:14.370587Z','grading','','put feedback','tinytorch-demo','scale','a0a28556731f4212909b360f46db119f',201,'');
INSERT INTO audit VALUES(22,'2026-11-29T10:10:14.822360Z','grading','','put result','tinytorch-demo','scale','a0a28556731f4212909b360f46db119f',200,'full passed 0.0');
INSERT INTO audit VALUES(23,'2026-11-29T10:10:20.068462Z','grading','','put feedback','tinytorch-demo','scale','1b9431516e054fe9b493fa746392b707',201,'');
INSERT INTO audit VALUES(24,'2026-11-29T10:10:20.503586Z','grading','','put result','tinytorch-demo','scale','1b9431516e054fe9b493fa746392b707',200,'full passed 90.0');
CREATE TABLE courses (
	id VARCHAR(255) NOT NULL, 
	settings TEXT NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_courses PRIMARY KEY (id)
);
INSERT INTO courses VALUES('tinytorch-demo','{"title": "TinyTorch: build a deep-learning framework", "timezone": "Europe/Berlin", "limits": {"max_files": 50, "max_file_bytes": 100000000, "max_submission_bytes": 100000000, "student_quota_bytes": 1000000000}}','2026-11-29T10:06:57.772482Z');
CREATE TABLE events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR(27) NOT NULL, 
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	detail TEXT NOT NULL
);
INSERT INTO events VALUES(1,'2026-11-29T10:08:14.331743Z','tinytorch-demo','scale','ada','fetched','{"version": 1}');
INSERT INTO events VALUES(2,'2026-11-29T10:08:14.975785Z','tinytorch-demo','scale','ada','tested','{}');
INSERT INTO events VALUES(3,'2026-11-29T10:08:15.012402Z','tinytorch-demo','shift','ada','fetched','{"version": 1}');
INSERT INTO events VALUES(4,'2026-11-29T10:08:15.081535Z','tinytorch-demo','shift','ada','tested','{}');
INSERT INTO events VALUES(5,'2026-11-29T10:08:15.123284Z','tinytorch-demo','scale','ada','completed','{}');
INSERT INTO events VALUES(6,'2026-11-29T10:08:15.163243Z','tinytorch-demo','scale','ada','submitted','{"attempt": 1, "late": false, "submission": "a0a28556731f4212909b360f46db119f"}');
INSERT INTO events VALUES(7,'2026-11-29T10:08:15.811236Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(8,'2026-11-29T10:08:15.843335Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(9,'2026-11-29T10:08:15.897874Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(10,'2026-11-29T10:08:15.939915Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(11,'2026-11-29T10:08:15.966332Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(12,'2026-11-29T10:08:15.994653Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(13,'2026-11-29T10:08:16.062405Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(14,'2026-11-29T10:08:16.087538Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(15,'2026-11-29T10:08:16.120634Z','tinytorch-demo','scale','ben','tested','{"points": 15, "points_possible": 30}');
INSERT INTO events VALUES(16,'2026-11-29T10:08:46.986606Z','tinytorch-demo','scale','chen','fetched','{"version": 1}');
INSERT INTO events VALUES(17,'2026-11-29T10:08:47.083072Z','tinytorch-demo','scale','chen','submitted','{"attempt": 1, "late": false, "submission": "1b9431516e054fe9b493fa746392b707"}');
CREATE TABLE signing_keys (
	key_id VARCHAR(32) NOT NULL, 
	public_key VARCHAR(64) NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	retired_at VARCHAR(27), 
	CONSTRAINT pk_signing_keys PRIMARY KEY (key_id)
);
INSERT INTO signing_keys VALUES('641bc03bab7f0f76','Ov5ucRPqXZTSzav1hHC6k6hQwVabBAt8FT0z+Fm1sNA=','2026-11-29T10:06:10.003775Z',NULL);
CREATE TABLE assignments (
	course VARCHAR(255) NOT NULL, 
	id VARCHAR(255) NOT NULL, 
	settings TEXT NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	release_version INTEGER, 
	released_at VARCHAR(27), 
	CONSTRAINT pk_assignments PRIMARY KEY (course, id), 
	CONSTRAINT fk_assignments_course FOREIGN KEY(course) REFERENCES courses (id)
);
INSERT INTO assignments VALUES('tinytorch-demo','scale','{"title": "Scale", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-11-30T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}','2026-11-29T10:06:58.275153Z',1,'2026-11-29T10:08:12.117761Z');
INSERT INTO assignments VALUES('tinytorch-demo','shift','{"title": "Shift", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-12-01T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}','2026-11-29T10:06:58.419022Z',1,'2026-11-29T10:08:12.477167Z');
INSERT INTO assignments VALUES('tinytorch-demo','affine','{"title": "Affine", "release_at": "2026-11-22T23:00:00.000000Z", "due_at": "2026-12-02T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}','2026-11-29T10:06:58.628519Z',1,'2026-11-29T10:08:11.784947Z');
INSERT INTO assignments VALUES('tinytorch-demo','stack','{"title": "Stack", "release_at": "2026-11-25T23:00:00.000000Z", "due_at": "2026-12-05T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}','2026-11-29T10:06:58.770952Z',1,'2026-11-29T10:08:12.771772Z');
INSERT INTO assignments VALUES('tinytorch-demo','measure','{"title": "Measure", "release_at": "2026-11-28T23:00:00.000000Z", "due_at": "2026-12-08T19:00:00.000000Z", "grace_seconds": 900, "late_seconds": 172800, "attempts": 50, "counts": "last_on_time", "files": [], "unlock": true}','2026-11-29T10:06:58.922790Z',1,'2026-11-29T10:08:13.206603Z');
CREATE TABLE bundles (
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	version INTEGER NOT NULL, 
	blob VARCHAR(255) NOT NULL, 
	manifest TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	created_at VARCHAR(27) NOT NULL, 
	created_by VARCHAR(255) NOT NULL, 
	CONSTRAINT pk_bundles PRIMARY KEY (course, assignment, kind, version), 
	CONSTRAINT fk_bundles_course_assignment FOREIGN KEY(course, assignment) REFERENCES assignments (course, id)
);
INSERT INTO bundles VALUES('tinytorch-demo','affine','solution',1,'dde3cb16fdf44ce8c0bd10baf33f7b80',replace('{"files":[{"path":"core/affine.py","sha256":"270217f45dc8c04eff0bac6832e8d4ace616443ab3bba2c556d81cee00025674","size":922}]}\n','\n',char(10)),922,'2026-11-29T10:08:11.662620Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','affine','release',1,'7197d6f3fa6ccf766d3819d657af99d0',replace('{"files":[{"path":"affine.ipynb","sha256":"d07961713fe7114c777b17150bc2dd2e89c71b96d5d5f2558ef00798e506b5b7","size":6425}]}\n','\n',char(10)),6425,'2026-11-29T10:08:11.784947Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','scale','solution',1,'42689d9bd2a3d3704e1302f38d6389b6',replace('{"files":[{"path":"core/scale.py","sha256":"c046c15071958bd57500715098e027f33ad28860a84a6de85cab235f7eb557a2","size":976}]}\n','\n',char(10)),976,'2026-11-29T10:08:12.003806Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','scale','release',1,'3bb649cd062932909229542e08c9ad53',replace('{"files":[{"path":"scale.ipynb","sha256":"b2ff969917c1418c8f1536dd4dd28d16d86b2e9861952f7ef0f0e057bf83d467","size":7960}]}\n','\n',char(10)),7960,'2026-11-29T10:08:12.117761Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','shift','solution',1,'e86ea43afe6d6a87baed544f8ad6cc7a',replace('{"files":[{"path":"core/shift.py","sha256":"aba6dad3590eef0dfc5acba401e32d6b1fe211e6652086e85dbd33a2d014f702","size":560}]}\n','\n',char(10)),560,'2026-11-29T10:08:12.406144Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','shift','release',1,'6da0cc09aeab34c8a0c8241771130cce',replace('{"files":[{"path":"shift.ipynb","sha256":"634cf223eb78442d7515dc48d65daa02a31cb7cdff0dc2362d91e090080246bc","size":5700}]}\n','\n',char(10)),5700,'2026-11-29T10:08:12.477167Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','stack','solution',1,'6067a46102fe9824ff520ed42ad6c1fd',replace('{"files":[{"path":"core/stack.py","sha256":"4c3f89fb16e750abfe3537b9eb867b496efeb8ec5e03a691dcb954ef7965c2f1","size":632}]}\n','\n',char(10)),632,'2026-11-29T10:08:12.691235Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','stack','release',1,'6cb24adac6aea74f67929e7f5e954644',replace('{"files":[{"path":"stack.ipynb","sha256":"1c5bd797c6c63ba6d9ec824fda860bb925fc1768c89ad61bd64144fdb54c99a4","size":5802}]}\n','\n',char(10)),5802,'2026-11-29T10:08:12.771772Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','measure','solution',1,'e25f4484b3c22461c0cce1dd68607da8',replace('{"files":[{"path":"core/measure.py","sha256":"8bcf7821bf0321c08bd48f52969d7bc28c9181a84a252d91b756b9786c235c81","size":640}]}\n','\n',char(10)),640,'2026-11-29T10:08:13.098585Z','semester');
INSERT INTO bundles VALUES('tinytorch-demo','measure','release',1,'73b050dd4699a0c23d17c78a1f8f0197',replace('{"files":[{"path":"measure.ipynb","sha256":"beefad7a104fa04e8b5b84c7cfe7c1d2f5b81392b479bca70c19e161ffa283b2","size":5800}]}\n','\n',char(10)),5800,'2026-11-29T10:08:13.206603Z','semester');
CREATE TABLE extensions (
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	due_at VARCHAR(27), 
	extra_attempts INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	granted_at VARCHAR(27) NOT NULL, 
	granted_by VARCHAR(255) NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (course, assignment, student), 
	CONSTRAINT fk_extensions_course_assignment FOREIGN KEY(course, assignment) REFERENCES assignments (course, id)
);
CREATE TABLE submissions (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(255) NOT NULL, 
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	attempt INTEGER NOT NULL, 
	idempotency_key VARCHAR(255) NOT NULL, 
	blob VARCHAR(255) NOT NULL, 
	manifest TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	received_at VARCHAR(27) NOT NULL, 
	receipt TEXT NOT NULL, 
	CONSTRAINT fk_submissions_course_assignment FOREIGN KEY(course, assignment) REFERENCES assignments (course, id), 
	CONSTRAINT uq_submissions_course_assignment_student_attempt UNIQUE (course, assignment, student, attempt), 
	CONSTRAINT uq_submissions_course_student_idempotency_key UNIQUE (course, student, idempotency_key), 
	CONSTRAINT uq_submissions_id UNIQUE (id)
);
INSERT INTO submissions VALUES(1,'a0a28556731f4212909b360f46db119f','tinytorch-demo','scale','ada',1,'060e5637c0ca4ababc2b3b21cedfacc6','e9849d4c2c89921850c5d9b7fb951f92',replace('{"files":[{"path":"scale.ipynb","sha256":"b2ff969917c1418c8f1536dd4dd28d16d86b2e9861952f7ef0f0e057bf83d467","size":7960}]}\n','\n',char(10)),7960,'2026-11-29T10:08:15.163243Z','{"receipt": {"submission": "a0a28556731f4212909b360f46db119f", "course": "tinytorch-demo", "assignment": "scale", "student": "ada", "attempt": 1, "received_at": "2026-11-29T10:08:15.163243Z", "due_at": "2026-11-30T19:00:00.000000Z", "late": false, "lateness_seconds": 0, "files": [{"path": "scale.ipynb", "size": 7960, "sha256": "b2ff969917c1418c8f1536dd4dd28d16d86b2e9861952f7ef0f0e057bf83d467"}], "key_id": "641bc03bab7f0f76", "version": 1}, "signature": "uGLNqqKggfRcJpaR98y6t54u+yC/FnFNbbTolPk0kuYgsCt3TlStV547gl4licNF4iitpzdQY3FXWj7ky04QCw=="}');
INSERT INTO submissions VALUES(2,'1b9431516e054fe9b493fa746392b707','tinytorch-demo','scale','chen',1,'4179931c67604b8f96f9ebd618db0f51','5d1a1599b2f440c8e98257916497c523',replace('{"files":[{"path":"scale.ipynb","sha256":"d888e1109f56c7a028b976ca4365dd3b632ccfe6bd1743e4d7a2a2928e882878","size":7996}]}\n','\n',char(10)),7996,'2026-11-29T10:08:47.083072Z','{"receipt": {"submission": "1b9431516e054fe9b493fa746392b707", "course": "tinytorch-demo", "assignment": "scale", "student": "chen", "attempt": 1, "received_at": "2026-11-29T10:08:47.083072Z", "due_at": "2026-11-30T19:00:00.000000Z", "late": false, "lateness_seconds": 0, "files": [{"path": "scale.ipynb", "size": 7996, "sha256": "d888e1109f56c7a028b976ca4365dd3b632ccfe6bd1743e4d7a2a2928e882878"}], "key_id": "641bc03bab7f0f76", "version": 1}, "signature": "WocbJhvos1iqAu4nEU1FtXYkroVPs8jOH/tMJp2gjYZyRzegt1Rx9jgbYCkd9PIsQxw4cqo3dt6Yz1cSKQ3YCg=="}');
CREATE TABLE unlocks (
	course VARCHAR(255) NOT NULL, 
	assignment VARCHAR(255) NOT NULL, 
	student VARCHAR(255) NOT NULL, 
	closed BOOLEAN NOT NULL, 
	granted_at VARCHAR(27) NOT NULL, 
	CONSTRAINT pk_unlocks PRIMARY KEY (course, assignment, student), 
	CONSTRAINT fk_unlocks_course_assignment FOREIGN KEY(course, assignment) REFERENCES assignments (course, id)
);
CREATE TABLE feedback (
	submission VARCHAR(255) NOT NULL, 
	blob VARCHAR(255) NOT NULL, 
	manifest TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	released_at VARCHAR(27) NOT NULL, 
	released_by VARCHAR(255) NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (submission), 
	CONSTRAINT fk_feedback_submission FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO feedback VALUES('a0a28556731f4212909b360f46db119f','8f0655fffc71cc3a326cae4365ae0551',replace('{"files":[{"path":"scale.html","sha256":"8307f33d81fc14c11cee3b85ee5557a6dd771268cd1465c9f648958e8cfa729e","size":21664}]}\n','\n',char(10)),21664,'2026-11-29T10:10:14.370587Z','grading');
INSERT INTO feedback VALUES('1b9431516e054fe9b493fa746392b707','7f29aa899424e45e45b29368f633b5ef',replace('{"files":[{"path":"scale.html","sha256":"f8e0fd20110ab839f77007eebf6d1aa7483f973a4d7a2d08b55eaaf2c3c3786a","size":21411}]}\n','\n',char(10)),21411,'2026-11-29T10:10:20.068462Z','grading');
CREATE TABLE results (
	submission VARCHAR(255) NOT NULL, 
	score FLOAT, 
	body TEXT NOT NULL, 
	posted_at VARCHAR(27) NOT NULL, 
	posted_by VARCHAR(255) NOT NULL, quick_score FLOAT, 
	CONSTRAINT pk_results PRIMARY KEY (submission), 
	CONSTRAINT fk_results_submission FOREIGN KEY(submission) REFERENCES submissions (id)
);
INSERT INTO results VALUES('a0a28556731f4212909b360f46db119f',0.0,'{"kind": "full", "status": "passed", "max_score": 100.0, "summary": "0 of 100 points", "detail": {}}','2026-11-29T10:10:14.822360Z','grading',0.0);
INSERT INTO results VALUES('1b9431516e054fe9b493fa746392b707',90.0,'{"kind": "full", "status": "passed", "max_score": 100.0, "summary": "90 of 90 points so far; 1 answer (10 points) is still to be read", "detail": {"unread_answers": 1, "unread_points": 10.0}}','2026-11-29T10:10:20.503586Z','grading',25.0);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',24);
INSERT INTO sqlite_sequence VALUES('events',17);
INSERT INTO sqlite_sequence VALUES('submissions',2);
CREATE INDEX ix_audit_course_seq ON audit (course, seq);
CREATE INDEX ix_events_course_assignment_kind ON events (course, assignment, kind);
CREATE INDEX ix_events_course_student_assignment ON events (course, student, assignment);
COMMIT;
