{{/* Names and labels that all objects share. */}}

{{- define "certlint.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Short enough that the suffixes of the objects, of 14 characters at most, fit. */}}
{{- define "certlint.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 49 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 49 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 49 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "certlint.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "certlint.selectorLabels" -}}
app.kubernetes.io/name: {{ include "certlint.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end }}

{{- define "certlint.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "certlint.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: certlint
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "certlint.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "certlint.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "certlint.image" -}}
{{- $name := printf "%s/%s" .Values.image.registry .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $name .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The Secret in which the process keeps its CA. */}}
{{- define "certlint.caSecretName" -}}
{{ include "certlint.fullname" . }}-ca
{{- end }}

{{/* The Secret that is mounted when others make the serving certificate. */}}
{{- define "certlint.servingSecretName" -}}
{{- if eq .Values.webhook.certificate.mode "certManager" -}}
{{ include "certlint.fullname" . }}-tls
{{- else -}}
{{ .Values.webhook.certificate.existingSecret }}
{{- end }}
{{- end }}

{{- define "certlint.probeNamespace" -}}
{{- if .Values.selfProbe.namespace }}
{{- .Values.selfProbe.namespace }}
{{- else if and (eq .Values.rbac.scope "namespaces") .Values.rbac.namespaces }}
{{- first .Values.rbac.namespaces }}
{{- else -}}
default
{{- end }}
{{- end }}

{{/* How many replicas there are at least. */}}
{{- define "certlint.replicas" -}}
{{- if .Values.autoscaling.enabled }}
{{- .Values.autoscaling.minReplicas }}
{{- else }}
{{- .Values.replicaCount }}
{{- end }}
{{- end }}

{{/* The entries of the webhook configuration that are wanted, as JSON: key -> failure policy. */}}
{{- define "certlint.entries" -}}
{{- $entries := dict }}
{{- range $family := include "certlint.reviewed" . | fromJsonArray }}
{{- $entry := get $.Values.webhook.entries $family.entry }}
{{- $installed := or (not $family.value) (get $.Values.kinds $family.value) }}
{{- if and $entry.enabled $installed }}
{{- $_ := set $entries $family.entry (default $.Values.webhook.failurePolicy $entry.failurePolicy) }}
{{- end }}
{{- end }}
{{- toJson $entries }}
{{- end }}

{{/* "true" when an entry refuses objects while certlint does not answer. */}}
{{- define "certlint.failsClosed" -}}
{{- if has "Fail" (values (include "certlint.entries" . | fromJson)) -}}
true
{{- end }}
{{- end }}

{{/* Refuses values that are right one by one but not together. */}}
{{- define "certlint.validate" -}}
{{- $certificate := .Values.webhook.certificate }}
{{- if include "certlint.failsClosed" . }}
{{- if lt (int (include "certlint.replicas" .)) 2 }}
{{- fail "webhook.failurePolicy Fail needs replicaCount (or autoscaling.minReplicas) of 2 or more: while the only replica restarts, nothing could be changed" }}
{{- end }}
{{- if not .Values.podDisruptionBudget.enabled }}
{{- fail "webhook.failurePolicy Fail needs podDisruptionBudget.enabled: a node drain could stop all replicas at once" }}
{{- end }}
{{- end }}
{{- if and (eq .Values.rbac.scope "namespaces") (not .Values.rbac.namespaces) }}
{{- fail "rbac.scope namespaces needs rbac.namespaces" }}
{{- end }}
{{- if eq $certificate.mode "existingSecret" }}
{{- if not $certificate.existingSecret }}
{{- fail "webhook.certificate.mode existingSecret needs webhook.certificate.existingSecret" }}
{{- end }}
{{- if not (or $certificate.caBundle .Values.webhook.annotations) }}
{{- fail "webhook.certificate.mode existingSecret needs webhook.certificate.caBundle, or an annotation in webhook.annotations by which it is injected" }}
{{- end }}
{{- else if $certificate.caBundle }}
{{- fail (printf "webhook.certificate.caBundle is for mode existingSecret, not %s" $certificate.mode) }}
{{- end }}
{{- $conditions := semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}
{{- if and .Values.webhook.entries.secret.enabled (not $conditions) }}
{{- fail "webhook.entries.secret needs Kubernetes 1.30: without matchConditions every Secret of the cluster would be sent to certlint" }}
{{- end }}
{{- if and .Values.webhook.matchConditions (not $conditions) }}
{{- fail "webhook.matchConditions needs Kubernetes 1.30" }}
{{- end }}
{{- if eq (int .Values.webhook.port) (int .Values.admin.port) }}
{{- fail "webhook.port and admin.port are the same" }}
{{- end }}
{{- end }}

{{/* Environment of the container. */}}
{{- define "certlint.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A Pod that runs one command of the program and ends. */}}
{{- define "certlint.onePod" -}}
{{- $ := .root -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: true
enableServiceLinks: false
restartPolicy: Never
{{- with $.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $.Values.podSecurityContext | nindent 2 }}
containers:
  - name: certlint
    image: {{ include "certlint.image" $ }}
    imagePullPolicy: {{ $.Values.image.pullPolicy }}
    args:
      - {{ .command }}
      - --config=/etc/certlint/config/config.yaml
    env:
      {{- include "certlint.env" $ | nindent 6 }}
    securityContext:
      {{- toYaml $.Values.securityContext | nindent 6 }}
    resources:
      {{- toYaml $.Values.resources | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: /etc/certlint/config
        readOnly: true
volumes:
  - name: config
    configMap:
      name: {{ include "certlint.fullname" $ }}
{{- end }}

{{- define "certlint.removeHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
