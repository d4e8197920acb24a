//! A Pod's volumes, written to folders as a kubelet does it.
//!
//! ```text
//! ..1/tls.crt            what was written last
//! ..data -> ..1          swapped by a rename, so that readers see old or new, never half
//! tls.crt -> ..data/tls.crt
//! ```
//!
//! A program that watches the file itself never sees a change: that is what tests are for.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::container::{User, field};
use super::text;
use crate::api::Api;

/// Files of a volume with their contents and modes.
type Files = BTreeMap<String, (Vec<u8>, u32)>;

/// The volumes of a Pod.
pub(super) struct Volumes<'a> {
    api: &'a Api,
    pod: &'a Value,
    address: Ipv4Addr,
    user: User,
    volumes: Vec<Volume>,
}

struct Volume {
    name: String,
    folder: PathBuf,
    specification: Value,
    written: Option<Files>,
    generation: u32,
}

impl<'a> Volumes<'a> {
    /// Writes the volumes of a Pod below `folder`.
    pub(super) fn new(
        api: &'a Api,
        pod: &'a Value,
        address: Ipv4Addr,
        folder: &Path,
    ) -> Result<Self> {
        let mut made = Self {
            api,
            pod,
            address,
            user: User::of(pod)?,
            volumes: Vec::new(),
        };
        for specification in pod["spec"]["volumes"].as_array().into_iter().flatten() {
            let name = text(&specification["name"]).to_owned();
            let folder = folder.join("volumes").join(&name);
            fs::create_dir_all(&folder)?;
            if !specification["emptyDir"].is_null() {
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
            }
            made.volumes.push(Volume {
                name,
                folder,
                specification: specification.clone(),
                written: None,
                generation: 0,
            });
        }
        made.refresh()?;
        Ok(made)
    }

    /// Each volume's name and folder.
    pub(super) fn folders(&self) -> Vec<(String, PathBuf)> {
        let volumes = self.volumes.iter();
        volumes
            .map(|volume| (volume.name.clone(), volume.folder.clone()))
            .collect()
    }

    /// Writes what has changed in the cluster. A kubelet takes up to a minute and a half for it.
    pub(super) fn refresh(&mut self) -> Result<()> {
        for index in 0..self.volumes.len() {
            let volume = &self.volumes[index];
            // A token is valid for an hour, longer than we run.
            let has_token = !volume.specification["projected"].is_null();
            if has_token && volume.written.is_some() {
                continue;
            }
            let files = (self.files(&volume.specification))
                .with_context(|| format!("volume `{}`", volume.name))?;
            let Some(files) = files else { continue };
            let user = self.user;
            let volume = &mut self.volumes[index];
            if volume.written.as_ref() != Some(&files) {
                volume.write(&files, user)?;
                volume.written = Some(files);
            }
        }
        Ok(())
    }

    /// The content of a volume; `None` for one that only the Pod writes to.
    fn files(&self, volume: &Value) -> Result<Option<Files>> {
        let mut files = Files::new();
        if !volume["emptyDir"].is_null() {
            return Ok(None);
        }
        if !volume["configMap"].is_null() {
            self.config_map(&volume["configMap"], &mut files)?;
        } else if !volume["secret"].is_null() {
            self.secret(&volume["secret"], "secretName", &mut files)?;
        } else if let Some(sources) = volume["projected"]["sources"].as_array() {
            for source in sources {
                self.projected(source, &mut files)?;
            }
        } else {
            bail!("its kind is not known");
        }
        Ok(Some(files))
    }

    fn projected(&self, source: &Value, files: &mut Files) -> Result<()> {
        if !source["configMap"].is_null() {
            return self.config_map(&source["configMap"], files);
        }
        if !source["secret"].is_null() {
            return self.secret(&source["secret"], "name", files);
        }
        if let Some(items) = source["downwardAPI"]["items"].as_array() {
            for item in items {
                let value = field(text(&item["fieldRef"]["fieldPath"]), self.pod, self.address)?;
                files.insert(text(&item["path"]).to_owned(), (value.into_bytes(), 0o644));
            }
            return Ok(());
        }
        let token = &source["serviceAccountToken"];
        if token.is_null() {
            bail!("a projected source is not known");
        }
        let metadata = &self.pod["metadata"];
        let audiences: Vec<_> = token["audience"].as_str().into_iter().collect();
        let request = json!({"spec": {
            "audiences": audiences,
            "expirationSeconds": token["expirationSeconds"].as_u64().unwrap_or(3600),
            "boundObjectRef": {
                "kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"],
            },
        }});
        let account = text(&self.pod["spec"]["serviceAccountName"]);
        let path = format!("{}/serviceaccounts/{account}/token", self.base());
        let answer = self.api.post(&path, &request)?.ok()?;
        let value = text(&answer["status"]["token"]).as_bytes().to_vec();
        files.insert(text(&token["path"]).to_owned(), (value, 0o600));
        Ok(())
    }

    fn config_map(&self, source: &Value, files: &mut Files) -> Result<()> {
        let Some(object) = self.read("configmaps", source, "name")? else {
            return Ok(());
        };
        let data = object["data"].as_object().into_iter().flatten();
        let data = data.map(|(key, value)| (key.clone(), text(value).as_bytes().to_vec()));
        select(source, data.collect(), files)
    }

    fn secret(&self, source: &Value, name: &str, files: &mut Files) -> Result<()> {
        let Some(object) = self.read("secrets", source, name)? else {
            return Ok(());
        };
        let mut data = BTreeMap::new();
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            data.insert(key.clone(), STANDARD.decode(text(value))?);
        }
        select(source, data, files)
    }

    fn read(&self, resource: &str, source: &Value, name: &str) -> Result<Option<Value>> {
        let name = text(&source[name]);
        let answer = self
            .api
            .get(&format!("{}/{resource}/{name}", self.base()))?;
        if answer.status == 404 && source["optional"] == true {
            return Ok(None);
        }
        Ok(Some(answer.ok()?))
    }

    fn base(&self) -> String {
        let namespace = text(&self.pod["metadata"]["namespace"]);
        format!("/api/v1/namespaces/{namespace}")
    }
}

/// The `items` of a source, or all of its keys.
fn select(source: &Value, mut data: BTreeMap<String, Vec<u8>>, files: &mut Files) -> Result<()> {
    let mode = source["defaultMode"].as_u64().unwrap_or(0o644).try_into()?;
    let Some(items) = source["items"].as_array() else {
        files.extend((data.into_iter()).map(|(key, value)| (key, (value, mode))));
        return Ok(());
    };
    for item in items {
        let key = text(&item["key"]);
        let value = data
            .remove(key)
            .with_context(|| format!("no key `{key}`"))?;
        files.insert(text(&item["path"]).to_owned(), (value, mode));
    }
    Ok(())
}

impl Volume {
    fn write(&mut self, files: &Files, user: User) -> Result<()> {
        let old = self.folder.join(format!("..{}", self.generation));
        self.generation += 1;
        let name = format!("..{}", self.generation);
        let new = self.folder.join(&name);
        fs::create_dir(&new)?;
        for (file, (content, mode)) in files {
            let path = new.join(file);
            fs::write(&path, content)?;
            // A group for volumes may read what otherwise only the user may.
            let (owner, mode) = match user.volume_group {
                Some(_) => (0, mode | 0o040),
                None if *mode == 0o600 => (user.user, *mode),
                None => (0, *mode),
            };
            chown(&path, Some(owner), user.volume_group)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
        let link = self.folder.join("..data_tmp");
        symlink(&name, &link)?;
        fs::rename(&link, self.folder.join("..data"))?;
        for file in files.keys() {
            let link = self.folder.join(file);
            if link.symlink_metadata().is_err() {
                symlink(Path::new("..data").join(file), link)?;
            }
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !name.starts_with("..") && !files.contains_key(name.as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
        Ok(())
    }
}
