CREATE TABLE public.feedback_releases (
    assignment character varying(128) NOT NULL,
    student character varying(255) NOT NULL,
    released_at timestamp with time zone NOT NULL,
    score double precision NOT NULL,
    max_score double precision NOT NULL
);
CREATE TABLE public.job_tasks (
    job_id character varying(32) NOT NULL,
    task_id integer NOT NULL
);
CREATE TABLE public.jobs (
    id character varying(32) NOT NULL,
    kind character varying(32) NOT NULL,
    assignment character varying(128) NOT NULL,
    asked_by character varying(255) NOT NULL,
    asked_at timestamp with time zone NOT NULL
);
CREATE TABLE public.notes (
    name character varying(64) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.regrades (
    id integer NOT NULL,
    assignment character varying(128) NOT NULL,
    student character varying(255) NOT NULL,
    exercise character varying(128) NOT NULL,
    reason text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    answer text NOT NULL,
    answered_by character varying(255),
    answered_at timestamp with time zone,
    open_key character varying(600)
);
CREATE SEQUENCE public.regrades_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.regrades_id_seq OWNED BY public.regrades.id;
CREATE TABLE public.runs (
    id integer NOT NULL,
    task_id integer NOT NULL,
    kind character varying(32) NOT NULL,
    assignment character varying(128) NOT NULL,
    student character varying(255) NOT NULL,
    submission character varying(255) NOT NULL,
    submission_sha256 character varying(64) NOT NULL,
    source_sha256 character varying(64) NOT NULL,
    seed bigint,
    versions json NOT NULL,
    started_at timestamp with time zone NOT NULL,
    duration_seconds double precision,
    outcome character varying(16) NOT NULL,
    message text NOT NULL,
    score double precision,
    max_score double precision,
    report json NOT NULL
);
CREATE SEQUENCE public.runs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.runs_id_seq OWNED BY public.runs.id;
CREATE TABLE public.still_unread (
    assignment character varying(128) NOT NULL,
    student character varying(255) NOT NULL,
    answers integer NOT NULL,
    points double precision NOT NULL
);
CREATE TABLE public.tasks (
    id integer NOT NULL,
    kind character varying(32) NOT NULL,
    assignment character varying(128) NOT NULL,
    student character varying(255) NOT NULL,
    options json NOT NULL,
    priority integer NOT NULL,
    state character varying(16) NOT NULL,
    message text NOT NULL,
    starts integer NOT NULL,
    worker character varying(255),
    lease_until timestamp with time zone,
    queued_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    waiting_key character varying(600),
    running_key character varying(600)
);
CREATE SEQUENCE public.tasks_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tasks_id_seq OWNED BY public.tasks.id;
ALTER TABLE ONLY public.regrades ALTER COLUMN id SET DEFAULT nextval('public.regrades_id_seq'::regclass);
ALTER TABLE ONLY public.runs ALTER COLUMN id SET DEFAULT nextval('public.runs_id_seq'::regclass);
ALTER TABLE ONLY public.tasks ALTER COLUMN id SET DEFAULT nextval('public.tasks_id_seq'::regclass);
INSERT INTO public.feedback_releases VALUES ('tensor', 'ada', '2026-11-20 08:30:15.25+00', 90, 100);
INSERT INTO public.feedback_releases VALUES ('tensor', 'ben', '2026-11-20 08:30:15.25+00', 41.5, 100);
INSERT INTO public.job_tasks VALUES ('76fb9619747c4ef383aedc7a749d1ead', 1);
INSERT INTO public.job_tasks VALUES ('d247b34e1bf049009c728585c8afb95a', 2);
INSERT INTO public.job_tasks VALUES ('86053d3bd26c4a1483481f62afe0dd7a', 3);
INSERT INTO public.job_tasks VALUES ('301b64530a6e4ccdb7e3fde31ed979d1', 4);
INSERT INTO public.job_tasks VALUES ('837f78db27eb43b6be8e7d1a562400e0', 5);
INSERT INTO public.job_tasks VALUES ('ce34a9f08a2f41e1a166d66c844c2a65', 6);
INSERT INTO public.job_tasks VALUES ('ce34a9f08a2f41e1a166d66c844c2a65', 7);
INSERT INTO public.job_tasks VALUES ('705fe7865c2245a899cbcfe43c9410c0', 8);
INSERT INTO public.job_tasks VALUES ('1eb4f86c8f574ecb8615e688429fede3', 9);
INSERT INTO public.job_tasks VALUES ('cd443461f11c4df29ba9c049a35feef1', 10);
INSERT INTO public.jobs VALUES ('76fb9619747c4ef383aedc7a749d1ead', 'quick', 'tensor', 'exchange', '2026-11-29 06:31:54.615848+00');
INSERT INTO public.jobs VALUES ('d247b34e1bf049009c728585c8afb95a', 'collect', 'tensor', 'ida', '2026-11-29 06:31:54.730035+00');
INSERT INTO public.jobs VALUES ('86053d3bd26c4a1483481f62afe0dd7a', 'autograde', 'tensor', 'ida', '2026-11-29 06:31:54.803445+00');
INSERT INTO public.jobs VALUES ('301b64530a6e4ccdb7e3fde31ed979d1', 'autograde', 'tensor', 'ida', '2026-11-29 06:31:54.855771+00');
INSERT INTO public.jobs VALUES ('837f78db27eb43b6be8e7d1a562400e0', 'autograde', 'tensor', 'ida', '2026-11-29 06:31:54.918082+00');
INSERT INTO public.jobs VALUES ('ce34a9f08a2f41e1a166d66c844c2a65', 'feedback', 'tensor', 'ida', '2026-11-29 06:31:54.979525+00');
INSERT INTO public.jobs VALUES ('705fe7865c2245a899cbcfe43c9410c0', 'release_feedback', 'tensor', 'ida', '2026-11-29 06:31:55.066894+00');
INSERT INTO public.jobs VALUES ('1eb4f86c8f574ecb8615e688429fede3', 'autograde', 'tensor', 'tom', '2026-11-29 06:31:55.113479+00');
INSERT INTO public.jobs VALUES ('cd443461f11c4df29ba9c049a35feef1', 'autograde', 'tensor', 'ida', '2026-11-29 06:31:55.124642+00');
INSERT INTO public.notes VALUES ('schema_version', '1');
INSERT INTO public.notes VALUES ('exchange_cursor tinytorch-2026-fall', '7');
INSERT INTO public.regrades VALUES (1, 'tensor', 'ben', 'add', 'My broadcast is right: see cell 4.', '2026-11-20 08:30:15.25+00', '', NULL, NULL, 'tensor/ben/add');
INSERT INTO public.regrades VALUES (2, 'tensor', 'ada', '', 'Thanks, but?', '2026-11-20 08:30:15.25+00', 'Two points more.', 'tom', '2026-11-20 08:30:15.25+00', NULL);
INSERT INTO public.runs VALUES (1, 1, 'quick', 'tensor', 'ada', 'sub-ada', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:54.67323+00', 0.042355, 'graded', '', 30, 90, '{"exercises": [{"name": "add", "points": 30.0, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO public.runs VALUES (2, 2, 'collect', 'tensor', '', 'sub-all', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:54.765213+00', 0.025057, 'done', '2 new', NULL, NULL, '{}');
INSERT INTO public.runs VALUES (3, 3, 'autograde', 'tensor', 'ada', 'sub-ada', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:54.825276+00', 0.01783, 'graded', '', 90, 90, '{"exercises": [{"name": "add", "points": 90.0, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO public.runs VALUES (4, 4, 'autograde', 'tensor', 'ben', 'sub-ben', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:54.881366+00', 0.024613, 'graded', '41.5 of 90 points', 41.5, 90, '{"exercises": [{"name": "add", "points": 41.5, "words": "90 % of \u00ab\u00fcml\u00e4ut\u00bb: ''; --"}]}');
INSERT INTO public.runs VALUES (5, 5, 'autograde', 'tensor', 'chen', 'sub-chen', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:54.947969+00', 0.021297, 'failed', 'no sandbox', NULL, NULL, '{}');
INSERT INTO public.runs VALUES (6, 6, 'feedback', 'tensor', 'ada', 'sub-ada', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:55.00289+00', 0.017601, 'done', '', NULL, NULL, '{}');
INSERT INTO public.runs VALUES (7, 7, 'feedback', 'tensor', 'ben', 'sub-ben', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:55.032815+00', 0.01963, 'done', '', NULL, NULL, '{}');
INSERT INTO public.runs VALUES (8, 8, 'release_feedback', 'tensor', '', 'sub-all', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 9007199254740991, '{"tito": "0.1.0", "numpy": "2.4"}', '2026-11-29 06:31:55.087371+00', 0.014463, 'done', '', NULL, NULL, '{}');
INSERT INTO public.runs VALUES (9, 9, 'autograde', 'tensor', 'ben', '', '', '', NULL, '{}', '2026-11-29 06:31:55.143554+00', NULL, 'running', '', NULL, NULL, '{}');
INSERT INTO public.still_unread VALUES ('tensor', 'ben', 1, 5);
INSERT INTO public.tasks VALUES (1, 'quick', 'tensor', 'ada', '{"submission": "7"}', 0, 'done', '', 1, NULL, NULL, '2026-11-29 06:31:54.62724+00', '2026-11-29 06:31:54.658045+00', '2026-11-29 06:31:54.707128+00', NULL, NULL);
INSERT INTO public.tasks VALUES (2, 'collect', 'tensor', '', '{}', 5, 'done', '2 new', 1, NULL, NULL, '2026-11-29 06:31:54.742015+00', '2026-11-29 06:31:54.757614+00', '2026-11-29 06:31:54.787149+00', NULL, NULL);
INSERT INTO public.tasks VALUES (3, 'autograde', 'tensor', 'ada', '{}', 10, 'done', '', 1, NULL, NULL, '2026-11-29 06:31:54.811273+00', '2026-11-29 06:31:54.821665+00', '2026-11-29 06:31:54.835084+00', NULL, NULL);
INSERT INTO public.tasks VALUES (4, 'autograde', 'tensor', 'ben', '{}', 10, 'done', '41.5 of 90 points', 1, NULL, NULL, '2026-11-29 06:31:54.86409+00', '2026-11-29 06:31:54.876635+00', '2026-11-29 06:31:54.903077+00', NULL, NULL);
INSERT INTO public.tasks VALUES (5, 'autograde', 'tensor', 'chen', '{}', 10, 'failed', 'no sandbox', 1, NULL, NULL, '2026-11-29 06:31:54.929467+00', '2026-11-29 06:31:54.941347+00', '2026-11-29 06:31:54.966984+00', NULL, NULL);
INSERT INTO public.tasks VALUES (6, 'feedback', 'tensor', 'ada', '{}', 8, 'done', '', 1, NULL, NULL, '2026-11-29 06:31:54.987979+00', '2026-11-29 06:31:55.000565+00', '2026-11-29 06:31:55.01503+00', NULL, NULL);
INSERT INTO public.tasks VALUES (7, 'feedback', 'tensor', 'ben', '{}', 8, 'done', '', 1, NULL, NULL, '2026-11-29 06:31:54.995416+00', '2026-11-29 06:31:55.028419+00', '2026-11-29 06:31:55.047391+00', NULL, NULL);
INSERT INTO public.tasks VALUES (8, 'release_feedback', 'tensor', '', '{}', 9, 'done', '', 1, NULL, NULL, '2026-11-29 06:31:55.073316+00', '2026-11-29 06:31:55.08489+00', '2026-11-29 06:31:55.099034+00', NULL, NULL);
INSERT INTO public.tasks VALUES (10, 'autograde', 'tensor', 'ada', '{}', 10, 'queued', '', 0, NULL, NULL, '2026-11-29 06:31:55.128567+00', NULL, NULL, 'autograde/tensor/ada///', NULL);
INSERT INTO public.tasks VALUES (9, 'autograde', 'tensor', 'ben', '{"force": true}', 10, 'running', '', 1, 'campus:4242:17', '2026-11-29 06:32:25.138079+00', '2026-11-29 06:31:55.118606+00', '2026-11-29 06:31:55.138089+00', NULL, NULL, 'book/tensor/ben');
SELECT pg_catalog.setval('public.regrades_id_seq', 2, true);
SELECT pg_catalog.setval('public.runs_id_seq', 9, true);
SELECT pg_catalog.setval('public.tasks_id_seq', 10, true);
ALTER TABLE ONLY public.feedback_releases
    ADD CONSTRAINT feedback_releases_pkey PRIMARY KEY (assignment, student);
ALTER TABLE ONLY public.job_tasks
    ADD CONSTRAINT job_tasks_pkey PRIMARY KEY (job_id, task_id);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.regrades
    ADD CONSTRAINT regrades_open_key_key UNIQUE (open_key);
ALTER TABLE ONLY public.regrades
    ADD CONSTRAINT regrades_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.still_unread
    ADD CONSTRAINT still_unread_pkey PRIMARY KEY (assignment, student);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_running_key_key UNIQUE (running_key);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_waiting_key_key UNIQUE (waiting_key);
CREATE INDEX ix_runs_who ON public.runs USING btree (assignment, student, kind, id);
CREATE INDEX ix_tasks_state_priority ON public.tasks USING btree (state, priority, id);
ALTER TABLE ONLY public.job_tasks
    ADD CONSTRAINT job_tasks_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id);
ALTER TABLE ONLY public.job_tasks
    ADD CONSTRAINT job_tasks_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.tasks(id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.tasks(id);
