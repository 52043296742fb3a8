{%- extends 'manage_students_base.tpl' -%}
{%- block head -%}<script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/static/js/manage_students.js"></script>{%- endblock -%}
{%- block messages -%}<p>Students come from the roster in the semester file; <code>tito semester apply</code> brings changes here.</p>{%- endblock -%}
{%- block table_header -%}
<tr><th>Name</th><th class="text-center">Student ID</th><th class="text-center">Email</th><th class="text-center">Overall score</th><th class="no-sort" style="display: none"></th></tr>
{%- endblock -%}
{%- block table_body -%}<tr><td colspan="5">Loading ...</td></tr>{%- endblock -%}
