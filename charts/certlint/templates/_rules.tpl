{{/* RBAC rules, each set where it is needed. */}}

{{/* What is read in namespaces: in all, or in the listed ones. */}}
{{- define "certlint.namespacedRules" -}}
{{- $read := `["get", "list", "watch"]` -}}
{{- if ne .Values.secretAccess "none" -}}
# Secrets cannot be narrowed to those of type kubernetes.io/tls.
- apiGroups: [""]
  resources: [secrets]
  verbs: {{ ternary $read `["get"]` (eq .Values.secretAccess "cache") }}
{{ end -}}
{{ include "certlint.watchRules" (list . true) | trim }}
{{- if .Values.audit.events }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: ["create"]
{{- end }}
{{- if ne .Values.audit.reports "none" }}
{{- $open := eq .Values.audit.reports "openReports" }}
- apiGroups: [{{ ternary "openreports.io" "wgpolicyk8s.io" $open }}]
  resources: [{{ ternary "reports" "policyreports" $open }}]
  # Server-side apply asks for `create`, too.
  verbs: ["list", "create", "patch", "delete"]
{{- end }}
{{- end }}

{{/* What is watched besides Secrets, of kinds with namespaces or of those without. */}}
{{- define "certlint.watchRules" -}}
{{- $root := index . 0 }}
{{- $namespaced := index . 1 }}
{{- range $rule := include "certlint.watched" $root | fromJsonArray }}
{{- $wanted := or (not $rule.value) (get $root.Values.kinds $rule.value) }}
{{- if and $wanted (eq $rule.namespaced $namespaced) }}
- apiGroups: [{{ $rule.group | default `""` }}]
  resources: [{{ join ", " $rule.resources }}]
  verbs: ["get", "list", "watch"]
{{- end }}
{{- end }}
{{- end }}

{{/* What belongs to no namespace. */}}
{{- define "certlint.clusterRules" -}}
{{ include "certlint.watchRules" (list . false) | trim }}
{{- if eq .Values.webhook.certificate.mode "self" }}
# To put the CA into our own webhook configuration.
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "certlint.fullname" . }}]
  verbs: ["get", "patch"]
{{- end }}
{{- end }}

{{/* What is needed in the release's namespace. */}}
{{- define "certlint.ownRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "certlint.fullname" . }}]
  verbs: ["get", "update", "patch"]
# RBAC cannot restrict `create` by name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: ["create"]
{{- if eq .Values.webhook.certificate.mode "self" }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "certlint.caSecretName" . }}]
  verbs: ["get", "update", "patch"]
- apiGroups: [""]
  resources: [secrets]
  verbs: ["create"]
{{- end }}
{{- end }}

{{/* The dry run of an Ingress asks for the right to create one. */}}
{{- define "certlint.probeRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: ["create"]
{{- end }}
