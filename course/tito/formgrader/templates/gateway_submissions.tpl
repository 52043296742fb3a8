{%- extends 'base.tpl' -%}
{%- block head -%}<script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/gateway/submissions.js"></script>{%- endblock -%}
{%- block title -%}Submissions of {{ assignment_id }}{%- endblock -%}
{%- block breadcrumbs -%}
<ol class="breadcrumb"><li><a href="{{ base_url }}/formgrader/manage_assignments">Modules</a></li><li class="active">{{ assignment_id }}</li></ol>
{%- endblock -%}
{%- block messages -%}
<p class="instructor-only" id="for-all">For all: </p>
{%- endblock -%}
{%- block table_header -%}
<tr><th>Student</th><th class="text-center">Student ID</th><th class="text-center">Submitted</th><th class="text-center">State</th><th class="text-center">Score</th><th class="instructor-only">Do now</th></tr>
{%- endblock -%}
{%- block table_body -%}<tr><td colspan="6">Loading ...</td></tr>{%- endblock -%}
