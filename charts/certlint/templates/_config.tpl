{{/* What the process is told, as one document. */}}
{{- define "certlint.config" -}}
{{- $config := .Values.config }}
{{- $certificate := dict "mode" "self" "secret" (include "certlint.caSecretName" .) }}
{{- if ne .Values.webhook.certificate.mode "self" }}
{{- $certificate = dict "mode" "files" "dir" "/etc/certlint/tls" }}
{{- end }}
{{- $namespaces := list }}
{{- if eq .Values.rbac.scope "namespaces" }}
{{- $namespaces = .Values.rbac.namespaces }}
{{- end -}}
listen:
  webhook: "[::]:{{ .Values.webhook.port }}"
  admin: "[::]:{{ .Values.admin.port }}"
webhook:
  name: {{ include "certlint.fullname" . }}
  service: {{ include "certlint.fullname" . }}
  namespace: {{ include "certlint.namespace" . }}
  certificate:
    {{- toYaml $certificate | nindent 4 }}
policy:
  mode: {{ include "certlint.mode" . }}
  missingSecret: {{ $config.missingSecret }}
  unreadableSecret: {{ $config.unreadableSecret }}
  onUnreadable: {{ $config.onUnreadable }}
  onInternalError: {{ $config.onInternalError }}
  allowObjectOverride: {{ $config.allowObjectOverride }}
  trustedWriters: {{ toJson $config.trustedWriters }}
secretAccess: {{ .Values.secretAccess }}
namespaces: {{ toJson $namespaces }}
audit:
  {{- toYaml .Values.audit | nindent 2 }}
{{- if .Values.selfProbe.enabled }}
selfProbe:
  namespace: {{ include "certlint.probeNamespace" . }}
{{- end }}
limits:
  bodyBytes: {{ int64 $config.limits.bodyBytes }}
  inFlight: {{ $config.limits.inFlight }}
  connections: {{ $config.limits.connections }}
tls:
  minVersion: {{ $config.tls.minVersion | quote }}
shutdown:
  {{- toYaml $config.shutdown | nindent 2 }}
log:
  {{- toYaml $config.log | nindent 2 }}
certlint:
  {{- include "certlint.document" . | nindent 2 }}
{{- end }}

{{/* YAML 1.1 takes a bare `off` for false. */}}
{{- define "certlint.mode" -}}
{{ ternary "off" .Values.config.mode (eq (toString .Values.config.mode) "false") | quote }}
{{- end }}

{{- define "certlint.document" -}}
{{- $document := deepCopy .Values.config.certlint }}
{{- range $rule, $level := $document.rules }}
{{- if eq (toString $level) "false" }}
{{- $_ := set $document.rules $rule "off" }}
{{- end }}
{{- end }}
{{- toYaml $document }}
{{- end }}
