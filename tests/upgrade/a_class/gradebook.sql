PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE student (
	id VARCHAR(128) NOT NULL, 
	first_name VARCHAR(128), 
	last_name VARCHAR(128), 
	email VARCHAR(128), 
	lms_user_id VARCHAR(128), 
	PRIMARY KEY (id)
);
INSERT INTO student VALUES('ada','Ada','Lovelace','ada@example.org',NULL);
INSERT INTO student VALUES('ben','Ben','Rosen','ben@example.org',NULL);
INSERT INTO student VALUES('chen','Li','Chen','chen@example.org',NULL);
CREATE TABLE course (
	id VARCHAR(128) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (id)
);
INSERT INTO course VALUES('default_course');
INSERT INTO course VALUES('tinytorch-demo');
CREATE TABLE assignment (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	duedate DATETIME, 
	course_id VARCHAR(128) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	FOREIGN KEY(course_id) REFERENCES course (id)
);
INSERT INTO assignment VALUES('8976d540e68049039f8d19ad8d7c925a','scale','2026-11-30 19:00:00.000000','');
INSERT INTO assignment VALUES('44501679c0ad40e4b41c95e3fdff6442','shift','2026-12-01 19:00:00.000000','');
INSERT INTO assignment VALUES('31958483959b48f6a1056ba8c1da01e8','affine','2026-12-02 19:00:00.000000','');
INSERT INTO assignment VALUES('f93c9500ca3e44b5aa54a6c3c8506a85','stack','2026-12-05 19:00:00.000000','');
INSERT INTO assignment VALUES('de3e6d91848c4ef3a9e5780411a2e5de','measure','2026-12-08 19:00:00.000000','');
CREATE TABLE notebook (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	assignment_id VARCHAR(32), 
	kernelspec VARCHAR(1024), 
	PRIMARY KEY (id), 
	UNIQUE (name, assignment_id), 
	FOREIGN KEY(assignment_id) REFERENCES assignment (id)
);
INSERT INTO notebook VALUES('89c8d37647994003ade7bc627b7260d9','scale','8976d540e68049039f8d19ad8d7c925a','{"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}');
INSERT INTO notebook VALUES('c2630cc1a1b7498d93ad722cf320c1d9','shift','44501679c0ad40e4b41c95e3fdff6442','{"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}');
INSERT INTO notebook VALUES('d92ad3e4619742b3a5218effa977c889','affine','31958483959b48f6a1056ba8c1da01e8','{"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}');
INSERT INTO notebook VALUES('20e88696bf014a7ea18b392a07074613','stack','f93c9500ca3e44b5aa54a6c3c8506a85','{"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}');
INSERT INTO notebook VALUES('9823aeef80644b419212624e0f7787ba','measure','de3e6d91848c4ef3a9e5780411a2e5de','{"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}');
CREATE TABLE submitted_assignment (
	id VARCHAR(32) NOT NULL, 
	assignment_id VARCHAR(32), 
	student_id VARCHAR(128), 
	timestamp DATETIME, 
	extension DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (assignment_id, student_id), 
	FOREIGN KEY(assignment_id) REFERENCES assignment (id), 
	FOREIGN KEY(student_id) REFERENCES student (id)
);
INSERT INTO submitted_assignment VALUES('08399a2a3b1145aebded1e1982a30597','8976d540e68049039f8d19ad8d7c925a','ada','2026-11-29 10:08:15.163243',NULL);
INSERT INTO submitted_assignment VALUES('d49aa4d5010c4d7d9bff0cce09216707','8976d540e68049039f8d19ad8d7c925a','chen','2026-11-29 10:08:47.083072',NULL);
CREATE TABLE base_cell (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	notebook_id VARCHAR(32) NOT NULL, 
	type VARCHAR(50), 
	PRIMARY KEY (id), 
	UNIQUE (name, notebook_id, type), 
	FOREIGN KEY(notebook_id) REFERENCES notebook (id)
);
INSERT INTO base_cell VALUES('5edcb9a1aedb4f2d839981adb097858e','test_scale','89c8d37647994003ade7bc627b7260d9','GradeCell');
INSERT INTO base_cell VALUES('b0e2de5b39b745d1ad690c39f88e65dc','test_halve','89c8d37647994003ade7bc627b7260d9','GradeCell');
INSERT INTO base_cell VALUES('e305084e24cd4cde9474265a7a23f47e','checkpoint_cost','89c8d37647994003ade7bc627b7260d9','GradeCell');
INSERT INTO base_cell VALUES('b84aa34eb943480994367b799a53089f','scale','89c8d37647994003ade7bc627b7260d9','SolutionCell');
INSERT INTO base_cell VALUES('2ce5e59fe3414562be69b5b128888159','halve','89c8d37647994003ade7bc627b7260d9','SolutionCell');
INSERT INTO base_cell VALUES('a04c6ad7266a40958e7a36c2fe894f7c','checkpoint_cost','89c8d37647994003ade7bc627b7260d9','SolutionCell');
INSERT INTO base_cell VALUES('644f0cc6d080417d90287a44ddea54cb','test_shift','c2630cc1a1b7498d93ad722cf320c1d9','GradeCell');
INSERT INTO base_cell VALUES('83de21ef2f5543b59a090edecbc615f1','checkpoint_cost','c2630cc1a1b7498d93ad722cf320c1d9','GradeCell');
INSERT INTO base_cell VALUES('7bd425ceb1cd4756afabee28a7b13814','shift','c2630cc1a1b7498d93ad722cf320c1d9','SolutionCell');
INSERT INTO base_cell VALUES('c3f31e087b4f44deadcfe70a544919c1','checkpoint_cost','c2630cc1a1b7498d93ad722cf320c1d9','SolutionCell');
INSERT INTO base_cell VALUES('36ab7a162d8e4ad7be9ffc3fe0de31ff','test_forward','d92ad3e4619742b3a5218effa977c889','GradeCell');
INSERT INTO base_cell VALUES('75d1051171b340eb83c3be1f7c864816','checkpoint_cost','d92ad3e4619742b3a5218effa977c889','GradeCell');
INSERT INTO base_cell VALUES('abaeb1d821ee4f2aa974c30cace42274','forward','d92ad3e4619742b3a5218effa977c889','SolutionCell');
INSERT INTO base_cell VALUES('a3cf95e1cf6447d7959c3db7d52e4860','checkpoint_cost','d92ad3e4619742b3a5218effa977c889','SolutionCell');
INSERT INTO base_cell VALUES('ea5f52c2c6e047ac84a9e162b8b68c2a','test_stack','20e88696bf014a7ea18b392a07074613','GradeCell');
INSERT INTO base_cell VALUES('0e33f11345bb491693995a485a718f86','checkpoint_cost','20e88696bf014a7ea18b392a07074613','GradeCell');
INSERT INTO base_cell VALUES('e4bdad618a0044b5b292c09de696e39d','stack','20e88696bf014a7ea18b392a07074613','SolutionCell');
INSERT INTO base_cell VALUES('6c6f5a4d5d3c4d4694d2e320917a4658','checkpoint_cost','20e88696bf014a7ea18b392a07074613','SolutionCell');
INSERT INTO base_cell VALUES('c1713913911e46179bc348c7eb8b40d3','test_error','9823aeef80644b419212624e0f7787ba','GradeCell');
INSERT INTO base_cell VALUES('57f1e4ffc288435396013f6843718433','checkpoint_cost','9823aeef80644b419212624e0f7787ba','GradeCell');
INSERT INTO base_cell VALUES('69c110417a3544f8868bf34d9a1aa147','error','9823aeef80644b419212624e0f7787ba','SolutionCell');
INSERT INTO base_cell VALUES('1a2a317fc76845219732949779dc3b17','checkpoint_cost','9823aeef80644b419212624e0f7787ba','SolutionCell');
CREATE TABLE source_cell (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	cell_type VARCHAR(8) NOT NULL, 
	locked BOOLEAN NOT NULL, 
	source TEXT, 
	checksum VARCHAR(128), 
	notebook_id VARCHAR(32), 
	PRIMARY KEY (id), 
	UNIQUE (name, notebook_id), 
	FOREIGN KEY(notebook_id) REFERENCES notebook (id)
);
INSERT INTO source_cell VALUES('a6a5589fe6844c929d513948cecd16bb','scale','code',0,replace('#| export\ndef scale(x, factor):\n    """Return every number of `x` times `factor`.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> scale(np.array([1.0, 2.0]), 3)\n    array([3., 6.])\n\n    HINT: `*` works on whole arrays.\n    """\n    if np.ndim(factor) != 0:\n        raise ValueError(f"factor must be one number, got shape {np.shape(factor)}: pass a number")\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''scale'' is not solved yet: write your code in place of this line")','\n',char(10)),'ff26ae5ae589de52ed9cf02143d36dd8','89c8d37647994003ade7bc627b7260d9');
INSERT INTO source_cell VALUES('7e8a6755ab03442f9775aa8a7ba41691','test_scale','code',1,replace('test = unit_test("scale")\n\n\n@test.check("two numbers", points=15)\ndef _():\n    same(scale(np.array([1.0, 2.0]), 3), [3.0, 6.0])\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers", points=35, hidden=True)\ndef _():\n    x = test.rng.normal(size=(3, 4))\n    close(scale(x, -2.5), x * -2.5)\n    raises(ValueError, lambda: scale(x, x), says="one number")\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'9d103fd84b610827ca9ff09269fc2fbd','89c8d37647994003ade7bc627b7260d9');
INSERT INTO source_cell VALUES('a266f57f6dc2483a92b726a864b6960a','halve','code',0,replace('#| export\ndef halve(x):\n    """Return half of every number of `x`.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> halve(np.array([4.0]))\n    array([2.])\n\n    HINT: `scale` is there already.\n    """\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''halve'' is not solved yet: write your code in place of this line")','\n',char(10)),'15fa2416dfde018feb20687520114605','89c8d37647994003ade7bc627b7260d9');
INSERT INTO source_cell VALUES('74394cce53054571bf3fa86bb0f14b13','test_halve','code',1,replace('test = unit_test("halve")\n\n\n@test.check("one number", points=10)\ndef _():\n    same(halve(np.array([4.0])), [2.0])\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers", points=30, hidden=True)\ndef _():\n    x = test.rng.normal(size=5)\n    close(halve(x), x / 2)\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'1f219b36d51d44f8cae25a5034edc674','89c8d37647994003ade7bc627b7260d9');
INSERT INTO source_cell VALUES('a5d0f599e8604b62803bdaafc62b06cd','checkpoint_cost','markdown',0,'*Write your answer here, in place of this line.*','e49bec79cfdb91bbd7925eb8fc6cd90e','89c8d37647994003ade7bc627b7260d9');
INSERT INTO source_cell VALUES('729fd92e72694f728002d6ecafbbef64','shift','code',0,replace('#| export\ndef shift(x, offset):\n    """Return every number of `x` plus `offset`.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> shift(np.array([1.0, 2.0]), 3)\n    array([4., 5.])\n\n    HINT: `+` works on whole arrays.\n    """\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''shift'' is not solved yet: write your code in place of this line")','\n',char(10)),'8cd7d95a3ae1bc067963283ee441e8d1','c2630cc1a1b7498d93ad722cf320c1d9');
INSERT INTO source_cell VALUES('f85b8308f6d946988bb1295783f73fd3','test_shift','code',1,replace('test = unit_test("shift")\n\n\n@test.check("two numbers", points=30)\ndef _():\n    same(shift(np.array([1.0, 2.0]), 3), [4.0, 5.0])\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers, scaled first", points=60, hidden=True)\ndef _():\n    x = test.rng.normal(size=(2, 3))\n    close(shift(scale(x, 2), 0.5), 2 * x + 0.5)\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'550515a328072d1f79f9fcd6e3ee12b5','c2630cc1a1b7498d93ad722cf320c1d9');
INSERT INTO source_cell VALUES('d4589550d33b44749e4c7d2ae08fff6b','checkpoint_cost','markdown',0,'*Write your answer here, in place of this line.*','e49bec79cfdb91bbd7925eb8fc6cd90e','c2630cc1a1b7498d93ad722cf320c1d9');
INSERT INTO source_cell VALUES('7eb75995edd04164ad937b3f4d6daf35','forward','code',0,replace('#| export\ndef forward(layer, x):\n    """Return the layer''s factor times `x`, plus its offset.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> forward(Affine(2.0, 1.0), np.array([3.0]))\n    array([7.])\n\n    HINT: Two functions that you wrote do all of it.\n    """\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''forward'' is not solved yet: write your code in place of this line")','\n',char(10)),'e21e7867a48b687fa5baf588ec53c2f9','d92ad3e4619742b3a5218effa977c889');
INSERT INTO source_cell VALUES('9f774639640e4c7d8cfe003bc39b3fc2','test_forward','code',1,replace('test = unit_test("forward")\n\n\n@test.check("one number", points=30)\ndef _():\n    same(Affine(2.0, 1.0)(np.array([3.0])), [7.0])\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers", points=60, hidden=True)\ndef _():\n    x = test.rng.normal(size=(2, 3))\n    close(Affine(0.5, -1.0)(x), 0.5 * x - 1.0)\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'92451c543f652b1776778adafdcfff71','d92ad3e4619742b3a5218effa977c889');
INSERT INTO source_cell VALUES('05de3a4856f6457fa3725956eedee807','checkpoint_cost','markdown',0,'*Write your answer here, in place of this line.*','e49bec79cfdb91bbd7925eb8fc6cd90e','d92ad3e4619742b3a5218effa977c889');
INSERT INTO source_cell VALUES('e3b3fd57318d4efeb00e94547fed71df','stack','code',0,replace('#| export\ndef stack(layers, x):\n    """Return what the last layer gives when each is fed the one before.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> stack([Affine(2.0, 0.0), Affine(1.0, 1.0)], np.array([3.0]))\n    array([7.])\n\n    HINT: A loop that replaces x.\n    """\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''stack'' is not solved yet: write your code in place of this line")','\n',char(10)),'0f16309138227ebff2e1bb1f81a4d615','20e88696bf014a7ea18b392a07074613');
INSERT INTO source_cell VALUES('a73d6f87c1e54adabaca57294c0a2ff9','test_stack','code',1,replace('test = unit_test("stack")\n\n\n@test.check("two layers", points=30)\ndef _():\n    same(stack([Affine(2.0, 0.0), Affine(1.0, 1.0)], np.array([3.0])), [7.0])\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers", points=60, hidden=True)\ndef _():\n    x = test.rng.normal(size=4)\n    close(stack([Affine(2.0, 1.0), Affine(3.0, 0.0)], x), 3 * (2 * x + 1))\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'11e3278451a0f2b9f3a3afe4e4a01e3e','20e88696bf014a7ea18b392a07074613');
INSERT INTO source_cell VALUES('4ecde4ff663c43c99aeaeea996d19d07','checkpoint_cost','markdown',0,'*Write your answer here, in place of this line.*','e49bec79cfdb91bbd7925eb8fc6cd90e','20e88696bf014a7ea18b392a07074613');
INSERT INTO source_cell VALUES('c8781ce9f7944151a2a7405eb3127e7b','error','code',0,replace('#| export\ndef error(model, x, y):\n    """Return the mean of the squared differences of `model(x)` and `y`.\n\n    TODO: write the one line that does it.\n\n    APPROACH:\n    1. Let numpy do the loop.\n\n    EXAMPLE:\n    >>> error(Affine(1.0, 0.0), np.array([1.0]), np.array([3.0]))\n    4.0\n\n    HINT: `np.mean` gives one number.\n    """\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise ''error'' is not solved yet: write your code in place of this line")','\n',char(10)),'c7f35bade9064ebfb78e7d937b931459','9823aeef80644b419212624e0f7787ba');
INSERT INTO source_cell VALUES('c496863388424ce69c21bfcd30ae4719','test_error','code',1,replace('test = unit_test("error")\n\n\n@test.check("one number", points=30)\ndef _():\n    close(error(Affine(1.0, 0.0), np.array([1.0]), np.array([3.0])), 4.0)\n\n\n### BEGIN HIDDEN TESTS\n@test.check("random numbers", points=60, hidden=True)\ndef _():\n    x, y = test.rng.normal(size=4), test.rng.normal(size=4)\n    close(error(Affine(2.0, 1.0), x, y), np.mean((2 * x + 1 - y) ** 2))\n\n\n### END HIDDEN TESTS\ntest.report()','\n',char(10)),'c8bb0dee7960703226837bfb5d505e74','9823aeef80644b419212624e0f7787ba');
INSERT INTO source_cell VALUES('ac129b5939e742658524db9096acf2b5','checkpoint_cost','markdown',0,'*Write your answer here, in place of this line.*','e49bec79cfdb91bbd7925eb8fc6cd90e','9823aeef80644b419212624e0f7787ba');
CREATE TABLE submitted_notebook (
	id VARCHAR(32) NOT NULL, 
	assignment_id VARCHAR(32), 
	notebook_id VARCHAR(32), 
	flagged BOOLEAN, 
	late_submission_penalty FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (notebook_id, assignment_id), 
	FOREIGN KEY(assignment_id) REFERENCES submitted_assignment (id), 
	FOREIGN KEY(notebook_id) REFERENCES notebook (id)
);
INSERT INTO submitted_notebook VALUES('17cff95191cb4d7b93c67de05cbdac2b','08399a2a3b1145aebded1e1982a30597','89c8d37647994003ade7bc627b7260d9',0,NULL);
INSERT INTO submitted_notebook VALUES('2abf312d57034f1591155f69951b6971','d49aa4d5010c4d7d9bff0cce09216707','89c8d37647994003ade7bc627b7260d9',0,NULL);
CREATE TABLE grade_cells (
	id VARCHAR(32) NOT NULL, 
	max_score FLOAT NOT NULL, 
	cell_type VARCHAR(8) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(id) REFERENCES base_cell (id)
);
INSERT INTO grade_cells VALUES('5edcb9a1aedb4f2d839981adb097858e',50.0,'code');
INSERT INTO grade_cells VALUES('b0e2de5b39b745d1ad690c39f88e65dc',40.0,'code');
INSERT INTO grade_cells VALUES('e305084e24cd4cde9474265a7a23f47e',10.0,'markdown');
INSERT INTO grade_cells VALUES('644f0cc6d080417d90287a44ddea54cb',90.0,'code');
INSERT INTO grade_cells VALUES('83de21ef2f5543b59a090edecbc615f1',10.0,'markdown');
INSERT INTO grade_cells VALUES('36ab7a162d8e4ad7be9ffc3fe0de31ff',90.0,'code');
INSERT INTO grade_cells VALUES('75d1051171b340eb83c3be1f7c864816',10.0,'markdown');
INSERT INTO grade_cells VALUES('ea5f52c2c6e047ac84a9e162b8b68c2a',90.0,'code');
INSERT INTO grade_cells VALUES('0e33f11345bb491693995a485a718f86',10.0,'markdown');
INSERT INTO grade_cells VALUES('c1713913911e46179bc348c7eb8b40d3',90.0,'code');
INSERT INTO grade_cells VALUES('57f1e4ffc288435396013f6843718433',10.0,'markdown');
CREATE TABLE solution_cells (
	id VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(id) REFERENCES base_cell (id)
);
INSERT INTO solution_cells VALUES('b84aa34eb943480994367b799a53089f');
INSERT INTO solution_cells VALUES('2ce5e59fe3414562be69b5b128888159');
INSERT INTO solution_cells VALUES('a04c6ad7266a40958e7a36c2fe894f7c');
INSERT INTO solution_cells VALUES('7bd425ceb1cd4756afabee28a7b13814');
INSERT INTO solution_cells VALUES('c3f31e087b4f44deadcfe70a544919c1');
INSERT INTO solution_cells VALUES('abaeb1d821ee4f2aa974c30cace42274');
INSERT INTO solution_cells VALUES('a3cf95e1cf6447d7959c3db7d52e4860');
INSERT INTO solution_cells VALUES('e4bdad618a0044b5b292c09de696e39d');
INSERT INTO solution_cells VALUES('6c6f5a4d5d3c4d4694d2e320917a4658');
INSERT INTO solution_cells VALUES('69c110417a3544f8868bf34d9a1aa147');
INSERT INTO solution_cells VALUES('1a2a317fc76845219732949779dc3b17');
CREATE TABLE task_cells (
	id VARCHAR(32) NOT NULL, 
	max_score FLOAT NOT NULL, 
	cell_type VARCHAR(8) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(id) REFERENCES base_cell (id)
);
CREATE TABLE grade (
	id VARCHAR(32) NOT NULL, 
	notebook_id VARCHAR(32), 
	cell_id VARCHAR(32), 
	auto_score FLOAT, 
	manual_score FLOAT, 
	extra_credit FLOAT, 
	needs_manual_grade BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (cell_id, notebook_id), 
	FOREIGN KEY(notebook_id) REFERENCES submitted_notebook (id), 
	FOREIGN KEY(cell_id) REFERENCES base_cell (id)
);
INSERT INTO grade VALUES('ecf79a6f88f54fe6bdeee9eb3adc981a','17cff95191cb4d7b93c67de05cbdac2b','5edcb9a1aedb4f2d839981adb097858e',0.0,NULL,NULL,0);
INSERT INTO grade VALUES('a08276eb69b346bf93c908472bdd525f','17cff95191cb4d7b93c67de05cbdac2b','b0e2de5b39b745d1ad690c39f88e65dc',0.0,NULL,NULL,0);
INSERT INTO grade VALUES('4f37e0bffe3b4c55b3e77d1d2521e07b','17cff95191cb4d7b93c67de05cbdac2b','e305084e24cd4cde9474265a7a23f47e',0.0,NULL,NULL,0);
INSERT INTO grade VALUES('212b01811b1a414da72f3f4a8ede974f','2abf312d57034f1591155f69951b6971','5edcb9a1aedb4f2d839981adb097858e',50.0,NULL,NULL,0);
INSERT INTO grade VALUES('efa0714a7cf8400590c1f27173a6be29','2abf312d57034f1591155f69951b6971','b0e2de5b39b745d1ad690c39f88e65dc',40.0,NULL,NULL,0);
INSERT INTO grade VALUES('452c8c727dda4c64a6fd979bb426c703','2abf312d57034f1591155f69951b6971','e305084e24cd4cde9474265a7a23f47e',NULL,NULL,NULL,1);
CREATE TABLE comment (
	id VARCHAR(32) NOT NULL, 
	notebook_id VARCHAR(32), 
	cell_id VARCHAR(32), 
	auto_comment TEXT, 
	manual_comment TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (cell_id, notebook_id), 
	FOREIGN KEY(notebook_id) REFERENCES submitted_notebook (id), 
	FOREIGN KEY(cell_id) REFERENCES base_cell (id)
);
INSERT INTO comment VALUES('07a3860103df4910849c185c42e80cb9','17cff95191cb4d7b93c67de05cbdac2b','b84aa34eb943480994367b799a53089f','No response.',NULL);
INSERT INTO comment VALUES('cc8011005da04525a0d77f6186d60c7e','17cff95191cb4d7b93c67de05cbdac2b','2ce5e59fe3414562be69b5b128888159','No response.',NULL);
INSERT INTO comment VALUES('3aae9cb7851d49a09ef58472351f75f2','17cff95191cb4d7b93c67de05cbdac2b','a04c6ad7266a40958e7a36c2fe894f7c','No response.',NULL);
INSERT INTO comment VALUES('f6a9f65f2ba54ad78e06f7289d6cf343','2abf312d57034f1591155f69951b6971','b84aa34eb943480994367b799a53089f',NULL,NULL);
INSERT INTO comment VALUES('87a64fb55e244709bc8e7722aeb91682','2abf312d57034f1591155f69951b6971','2ce5e59fe3414562be69b5b128888159',NULL,NULL);
INSERT INTO comment VALUES('75a8b5bce1ed461c98dcf4f696125480','2abf312d57034f1591155f69951b6971','a04c6ad7266a40958e7a36c2fe894f7c',NULL,NULL);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES('e43177bfe90b');
COMMIT;
