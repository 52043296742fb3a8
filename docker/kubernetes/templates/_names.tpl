{{/* Names, images, labels and ports: each defined once. */}}

{{- define "tinytorch.course" -}}
{{ required "course: the course id, as in the semester file, is needed" .Values.course }}
{{- end }}

{{- define "tinytorch.url" -}}
{{ required "hub.url: the address in browsers is needed, as https://hub.example.org" .Values.hub.url }}
{{- end }}

{{- define "tinytorch.host" -}}
{{ (urlParse (include "tinytorch.url" .)).host }}
{{- end }}

{{- define "tinytorch.path" -}}
{{ (urlParse (include "tinytorch.url" .)).path | trimSuffix "/" }}/
{{- end }}

{{/* {{ include "tinytorch.image" (list . "student") }} */}}
{{- define "tinytorch.image" -}}
{{- $root := index . 0 }}{{ $kind := index . 1 }}{{ $own := $root.Values.images -}}
{{- $digest := index ($own.digests | default dict) $kind -}}
{{- if $digest }}{{ $own.repository }}/{{ $kind }}@{{ $digest }}
{{- else }}{{ $own.repository }}/{{ $kind }}:{{ $own.tag | default (include "tinytorch.course" $root) }}
{{- end }}
{{- end }}

{{- define "tinytorch.ports" -}}
hub: 8081
exchange: 8082
grading: 8083
semester: 8084
formgrader: 8085
home: 8086
campus: 8087
proxy-api: 8001
{{- end }}

{{/* {{ include "tinytorch.labels" (list . "hub") }} */}}
{{- define "tinytorch.labels" -}}
{{- $root := index . 0 -}}
app: tinytorch
release: {{ $root.Release.Name }}
component: {{ index . 1 }}
{{- end }}

{{- define "tinytorch.metadata" -}}
name: {{ (index . 0).Release.Name }}-{{ index . 1 }}
labels:
  {{- include "tinytorch.labels" . | nindent 2 }}
{{- end }}

{{/* What identifies a student's server: KubeSpawner's own label, and the course's. */}}
{{- define "tinytorch.students" -}}
component: singleuser-server
tinytorch-course: {{ include "tinytorch.course" . }}
{{- end }}

{{/* The beginning of one of our pods; `containers` comes after it. */}}
{{- define "tinytorch.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- end }}

{{/* The user of a pod, {{ include "tinytorch.user" 1000 }}; the profile of the kernel's calls is the container's. */}}
{{- define "tinytorch.user" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  fsGroup: {{ . }}
  fsGroupChangePolicy: OnRootMismatch
{{- end }}

{{- define "tinytorch.walls" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "tinytorch.container" -}}
imagePullPolicy: {{ .Values.images.pullPolicy }}
securityContext:
  {{- include "tinytorch.walls" . | nindent 2 }}
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* A claim's spec: {{ include "tinytorch.storage" .Values.hub.storage }} */}}
{{- define "tinytorch.storage" -}}
accessModes: [ReadWriteOnce]
resources: { requests: { storage: {{ .capacity }} } }
{{- with .storageClassName }}
storageClassName: {{ . }}
{{- end }}
{{- end }}
