<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>{{ status }}</title>
  <link rel="stylesheet" href="{{ base_url }}/formgrader/gateway/gateway.css">
  <style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem; }</style>
</head>
<body>
  <h1>{{ {403: "This page is not for you", 404: "Not found", 405: "Not possible here"}.get(status, "Something went wrong") }}</h1>
  <p>{{ message }}</p>
  <p><a href="/services/home/">Back to the home page</a></p>
</body>
</html>
