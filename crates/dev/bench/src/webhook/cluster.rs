//! The objects of a cluster as the API server writes them, and reviews of some of its Ingresses.
//!
//! Every Ingress has a Secret of its own in its namespace, as with cert-manager. What more Secrets
//! there are nobody names.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::pki::Pki;

/// How large a cluster is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) ingresses: usize,
    pub(super) secrets: usize,
}

/// One to compare with, and what must not be slower.
pub(super) const SMALL: Size = Size {
    ingresses: 100,
    secrets: 100,
};
pub(super) const FULL: Size = Size {
    ingresses: 20_000,
    secrets: 50_000,
};

/// Nobody has installed anything yet.
pub(super) const EMPTY: Size = Size {
    ingresses: 0,
    secrets: 0,
};

/// Namespaces of the full cluster; of each kind, an object more in each before any has two.
const NAMESPACES: usize = 500;
/// The hosts of Ingresses, again and again: most have few.
const HOSTS: [usize; 10] = [1, 1, 2, 1, 3, 1, 5, 2, 10, 20];

/// The names in the certificate of a Secret: all hosts, or a wildcard for them.
pub(super) fn names(number: usize) -> Vec<String> {
    if has_wildcard(number) {
        let base = base(number);
        return vec![base.clone(), format!("*.{base}")];
    }
    hosts(number, "web")
}

fn has_wildcard(number: usize) -> bool {
    number % 10 < 5
}

fn hosts(number: usize, first: &str) -> Vec<String> {
    let base = base(number);
    let count = HOSTS[number % HOSTS.len()];
    (0..count)
        .map(|host| format!("{first}{host}.{base}"))
        .collect()
}

fn base(number: usize) -> String {
    format!("app{number}.team{}.example.com", number % NAMESPACES)
}

/// A page of a list, and what follows it.
pub(super) struct Page {
    pub(super) items: Vec<String>,
    pub(super) rest: usize,
}

/// A cluster.
pub(super) struct Cluster<'p> {
    pub(super) pki: &'p Pki,
    pub(super) size: Size,
}

impl Cluster<'_> {
    /// Some objects of a resource, such as `ingresses`; none where there is no such resource.
    pub(super) fn page(&self, resource: &str, from: usize, limit: usize) -> Option<Page> {
        let all = match resource {
            "ingresses" => self.size.ingresses,
            "ingressclasses" => self.size.ingresses.min(1),
            "namespaces" => NAMESPACES.min(self.size.secrets),
            "secrets" => self.size.secrets,
            _ => return None,
        };
        let to = all.min(from.saturating_add(limit));
        let object = |number| match resource {
            "ingresses" => ingress(number, &name(number), &hosts(number, "web"), 1, "/"),
            "ingressclasses" => CLASS.to_owned(),
            "namespaces" => namespace(number),
            _ => self.secret(number),
        };
        Some(Page {
            items: (from..to).map(object).collect(),
            rest: all - to,
        })
    }

    fn secret(&self, number: usize) -> String {
        let name = format!("{}-tls", name(number));
        let metadata = metadata(number, &name, 1, "cert-manager-certificates-issuing");
        let encoded = |text: &str| BASE64.encode(text);
        format!(
            r#"{{{metadata},"data":{{"tls.crt":"{}","tls.key":"{}"}},"type":"kubernetes.io/tls"}}"#,
            encoded(&self.pki.chain(number)),
            encoded(self.pki.key(number))
        )
    }
}

const CLASS: &str = r#"{"metadata":{"name":"nginx","uid":"6a7","resourceVersion":"7","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"controller":"k8s.io/ingress-nginx"}}"#;

fn namespace(number: usize) -> String {
    format!(
        r#"{{"metadata":{{"name":"team{number}","uid":"5-{number}","resourceVersion":"{}","creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"kubernetes.io/metadata.name":"team{number}"}}}}}}"#,
        number + 10
    )
}

fn name(number: usize) -> String {
    format!("app{number}")
}

fn metadata(number: usize, name: &str, generation: usize, manager: &str) -> String {
    let team = number % NAMESPACES;
    let owner = format!("app{number}");
    format!(
        r#""metadata":{{"name":"{name}","namespace":"team{team}","uid":"0b5e8a3c-7c1d-4d0a-9e55-{number:012}","resourceVersion":"{}","generation":{generation},"creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"app.kubernetes.io/instance":"{owner}","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/name":"web","app.kubernetes.io/version":"1.27.{generation}"}},"annotations":{{"meta.helm.sh/release-name":"{owner}","meta.helm.sh/release-namespace":"team{team}","nginx.ingress.kubernetes.io/proxy-body-size":"8m"}},"managedFields":[{{"manager":"{manager}","operation":"Update","apiVersion":"networking.k8s.io/v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:annotations":{{".":{{}},"f:meta.helm.sh/release-name":{{}},"f:meta.helm.sh/release-namespace":{{}},"f:nginx.ingress.kubernetes.io/proxy-body-size":{{}}}},"f:labels":{{".":{{}},"f:app.kubernetes.io/instance":{{}},"f:app.kubernetes.io/managed-by":{{}},"f:app.kubernetes.io/name":{{}},"f:app.kubernetes.io/version":{{}}}}}},"f:spec":{{"f:ingressClassName":{{}},"f:rules":{{}},"f:tls":{{}}}}}}}}]}}"#,
        1000 + number * 2 + generation
    )
}

fn ingress(number: usize, name: &str, hosts: &[String], generation: usize, path: &str) -> String {
    let secret = format!("app{number}-tls");
    let listed: Vec<_> = hosts.iter().map(|host| format!("{host:?}")).collect();
    let rules = hosts.iter().map(|host| {
        format!(
            r#"{{"host":"{host}","http":{{"paths":[{{"path":"{path}","pathType":"Prefix","backend":{{"service":{{"name":"web","port":{{"number":80}}}}}}}}]}}}}"#
        )
    });
    let rules: Vec<_> = rules.collect();
    format!(
        r#"{{"kind":"Ingress","apiVersion":"networking.k8s.io/v1",{},"spec":{{"ingressClassName":"nginx","tls":[{{"hosts":[{}],"secretName":"{secret}"}}],"rules":[{}]}},"status":{{"loadBalancer":{{"ingress":[{{"ip":"192.0.2.1"}}]}}}}}}"#,
        metadata(number, name, generation, "helm"),
        listed.join(","),
        rules.join(",")
    )
}

/// A review of more than five megabytes: of an Ingress with as many rules as are judged, each with
/// many paths, all of which change. It is good.
pub(super) fn large_review() -> String {
    let hosts = vec![hosts(0, "web").remove(0); 1_900];
    let [old, new] = ["/v1", "/v2"].map(|path| {
        let ingress = ingress(0, &name(0), &hosts, 1, path);
        let one = format!(r#"{{"path":"{path}","#);
        let more =
            r#""pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}},"#;
        ingress.replace(&one, &format!("{}{one}", format!("{one}{more}").repeat(14)))
    });
    sent(0, "UPDATE", &name(0), &new, &old)
}

/// Reviews of Ingresses that both clusters have, and of new ones beside them; all are good. Of ten,
/// three are new, of two the `spec` changes, and of five only the label of the version does, as in
/// most releases.
pub(super) fn reviews() -> Vec<String> {
    (0..SMALL.ingresses).map(review).collect()
}

fn review(number: usize) -> String {
    let is_new = has_wildcard(number) && number.is_multiple_of(2);
    let (operation, name, object, old) = if is_new {
        let name = format!("new{number}");
        let object = ingress(number, &name, &hosts(number, "new"), 1, "/");
        ("CREATE", name, object, "null".to_owned())
    } else {
        let path = if number % 10 >= 8 { "/v2" } else { "/" };
        let [old, new] = [(1, "/"), (2, path)].map(|(generation, path)| {
            let (name, hosts) = (self::name(number), hosts(number, "web"));
            ingress(number, &name, &hosts, generation, path)
        });
        ("UPDATE", self::name(number), new, old)
    };
    sent(number, operation, &name, &object, &old)
}

fn sent(number: usize, operation: &str, name: &str, object: &str, old: &str) -> String {
    let team = number % NAMESPACES;
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"7f0b2891-916f-4ed6-b7cd-{number:012}","kind":{{"group":"networking.k8s.io","version":"v1","kind":"Ingress"}},"resource":{{"group":"networking.k8s.io","version":"v1","resource":"ingresses"}},"requestKind":{{"group":"networking.k8s.io","version":"v1","kind":"Ingress"}},"requestResource":{{"group":"networking.k8s.io","version":"v1","resource":"ingresses"}},"name":"{name}","namespace":"team{team}","operation":"{operation}","userInfo":{{"username":"system:serviceaccount:ci:deployer","uid":"4c1","groups":["system:serviceaccounts","system:serviceaccounts:ci","system:authenticated"]}},"object":{object},"oldObject":{old},"dryRun":false,"options":{{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1"}}}}}}"#
    )
}
