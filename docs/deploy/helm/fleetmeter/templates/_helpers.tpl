{{/* Names begin with the release's, unless that is the chart's own. */}}
{{- define "fleetmeter.name" -}}
{{- if contains "fleetmeter" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-fleetmeter" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What pods of a role are selected by: dict "root" and "role". */}}
{{- define "fleetmeter.selector" -}}
app.kubernetes.io/name: fleetmeter
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "fleetmeter.labels" -}}
{{ include "fleetmeter.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "fleetmeter.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What every pod of ours may do: nothing but run. */}}
{{- define "fleetmeter.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "fleetmeter.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* Where Kafka is, and how to get in. */}}
{{- define "fleetmeter.kafkaEnv" -}}
- { name: FLEETMETER_KAFKA_BROKERS, value: {{ .Values.kafka.brokers | quote }} }
{{- with .Values.kafka.saslSecret }}
- name: FLEETMETER_KAFKA_SASL_MECHANISM
  valueFrom: { secretKeyRef: { name: {{ . }}, key: mechanism } }
- name: FLEETMETER_KAFKA_SASL_USERNAME
  valueFrom: { secretKeyRef: { name: {{ . }}, key: username } }
- { name: FLEETMETER_KAFKA_SASL_PASSWORD_FILE, value: /var/run/secrets/fleetmeter/sasl/password }
{{- end }}
{{- if .Values.kafka.tlsSecret }}
- { name: FLEETMETER_KAFKA_TLS_CA_FILE, value: /var/run/secrets/fleetmeter/kafka-tls/ca.crt }
{{- end }}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}

{{- define "fleetmeter.kafkaMounts" -}}
{{- if .Values.kafka.saslSecret }}
- { name: sasl, mountPath: /var/run/secrets/fleetmeter/sasl, readOnly: true }
{{- end }}
{{- if .Values.kafka.tlsSecret }}
- { name: kafka-tls, mountPath: /var/run/secrets/fleetmeter/kafka-tls, readOnly: true }
{{- end }}
{{- end -}}

{{- define "fleetmeter.kafkaVolumes" -}}
{{- with .Values.kafka.saslSecret }}
- name: sasl
  secret: { secretName: {{ . }}, items: [{ key: password, path: password }] }
{{- end }}
{{- with .Values.kafka.tlsSecret }}
- name: kafka-tls
  secret: { secretName: {{ . }} }
{{- end }}
{{- end -}}
