{{/* Made from the table of kinds by `cargo xtask generate`. */}}

{{/* What is watched besides Secrets; `value` is the one of `kinds` that switches it off. */}}
{{- define "certlint.watched" -}}
[
  {"group":"networking.k8s.io","namespaced":true,"resources":["ingresses"],"value":""},
  {"group":"","namespaced":false,"resources":["namespaces"],"value":""},
  {"group":"networking.k8s.io","namespaced":false,"resources":["ingressclasses"],"value":""},
  {"group":"gateway.networking.k8s.io","namespaced":true,"resources":["gateways","listenersets","httproutes","grpcroutes","tlsroutes","referencegrants"],"value":"gatewayApi"},
  {"group":"cert-manager.io","namespaced":true,"resources":["certificates"],"value":"certManager"},
  {"group":"external-secrets.io","namespaced":true,"resources":["externalsecrets"],"value":"externalSecrets"},
  {"group":"bitnami.com","namespaced":true,"resources":["sealedsecrets"],"value":"sealedSecrets"},
  {"group":"route.openshift.io","namespaced":true,"resources":["routes"],"value":"openshiftRoutes"},
  {"group":"traefik.io","namespaced":true,"resources":["tlsstores"],"value":"traefik"},
  {"group":"getambassador.io","namespaced":true,"resources":["hosts"],"value":"emissary"}
]
{{- end }}

{{/* The entries of the webhook configuration. */}}
{{- define "certlint.reviewed" -}}
[
  {"entry":"ingress","name":"ingress","rules":[{"group":"networking.k8s.io","resource":"ingresses","versions":["v1"]}],"value":""},
  {"entry":"gateway","name":"gateway","rules":[{"group":"gateway.networking.k8s.io","resource":"gateways","versions":["v1","v1beta1"]},{"group":"gateway.networking.k8s.io","resource":"listenersets","versions":["v1"]}],"value":"gatewayApi"},
  {"entry":"route","name":"route","rules":[{"group":"gateway.networking.k8s.io","resource":"httproutes","versions":["v1","v1beta1"]},{"group":"gateway.networking.k8s.io","resource":"grpcroutes","versions":["v1","v1alpha2"]},{"group":"gateway.networking.k8s.io","resource":"tlsroutes","versions":["v1","v1alpha3","v1alpha2"]}],"value":"gatewayApi"},
  {"entry":"openshiftRoute","name":"openshift-route","rules":[{"group":"route.openshift.io","resource":"routes","versions":["v1"]}],"value":"openshiftRoutes"},
  {"entry":"emissaryHost","name":"emissary-host","rules":[{"group":"getambassador.io","resource":"hosts","versions":["v3alpha1"]}],"value":"emissary"},
  {"entry":"secret","name":"secret","rules":[{"group":"","resource":"secrets","versions":["v1"]}],"value":""}
]
{{- end }}
