{{/* What Hub, grading, backup and restore have in common: the settings of one place, its volume, its secrets. */}}

{{- define "tinytorch.settings" -}}
envFrom:
  - configMapRef: { name: {{ .Release.Name }}-hub }
env:
  - name: PGPASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ .Values.hub.db.existingSecret | default (printf "%s-database" .Release.Name) }}
        key: password
{{- end }}

{{- define "tinytorch.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: tmp, mountPath: /home/hub, subPath: home }
- { name: secrets, mountPath: /run/secrets/tinytorch, readOnly: true }
{{- if .Values.hub.semester.existingSecret }}
- { name: semester, mountPath: /srv/semester, readOnly: true }
{{- end }}
{{- end }}

{{- define "tinytorch.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 2Gi }
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret: { name: {{ .Release.Name }}-tokens }
      {{- with .Values.hub.existingSecret }}
      - secret: { name: {{ . }} }
      {{- end }}
{{- with .Values.hub.semester.existingSecret }}
- name: semester
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- end }}

{{- define "tinytorch.state" -}}
- name: state
  persistentVolumeClaim: { claimName: {{ .Release.Name }}-state }
{{- end }}

{{/* One part's certificate from the secret of all: {{ include "tinytorch.certificates" (list NAME "worker") }} */}}
{{- define "tinytorch.certificates" -}}
- name: certificates
  secret:
    secretName: {{ index . 0 }}
    defaultMode: 0440
    items:
      - { key: ca.pem, path: ca.pem }
      - { key: {{ index . 1 }}.pem, path: {{ index . 1 }}.pem }
{{- end }}

{{/* The volume belongs to one machine: pods that need it run where the Hub is. */}}
{{- define "tinytorch.beside-the-hub" -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "tinytorch.labels" (list . "hub") | nindent 12 }}
{{- end }}
