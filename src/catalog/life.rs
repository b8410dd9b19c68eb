//! How an object of a type lives on the server. An oddity is named by a variant here and handled in one `match`.

/// How objects are made, read, changed and removed.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "values stand in const tables and are never moved"
)]
pub enum Life {
    /// POST makes and changes, GET reads, DELETE removes.
    Upsert(Omitted),
    /// It exists with its mount or its server: put back to defaults, not deleted, unless the endpoint has DELETE.
    Singleton { omitted: Omitted, delete: bool },
    /// An entry of `sys/mounts` or `sys/auth`, its tuning included.
    Mounted(MountTable, MountType),
    /// It can be made, read in a table and removed, not changed: audit devices. The template is that of the table.
    CreateOnly { table: &'static str },
    /// The server makes it and names it.
    Generate(Generate),
    /// A secret of a KV version 2 mount: `{mount}/data/{name}`.
    Versioned,
    /// A secret at `{path}` of a KV mount of either version.
    Secret,
    /// Whatever is at `{path}`.
    Endpoint,
    /// Some elements of a list that another object holds: the template of that object, and the field of the list.
    Member {
        object: &'static str,
        field: &'static str,
        /// The attribute that holds the elements.
        elements: &'static str,
    },
    /// Read when planning, or when applying where it depends on something not done yet.
    Data(DataRead),
    /// No server keeps it.
    Local(Local),
}

/// What a write does to fields that it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omitted {
    /// They stay: a default must be written out.
    Kept,
    /// They go back to their defaults: what we do not manage must be written again.
    Reset,
}

/// Which table a mount stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountTable {
    Secrets,
    Auth,
}

impl MountTable {
    /// Returns the path of the table.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            MountTable::Secrets => "sys/mounts",
            MountTable::Auth => "sys/auth",
        }
    }
}

/// Where the type of a mount comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountType {
    /// From the attribute `type`.
    Attribute,
    /// Always the same: `database`.
    Fixed(&'static str),
}

/// An object that the server makes and names.
#[derive(Clone, Copy, Debug)]
pub struct Generate {
    /// The template of the path that makes one.
    pub create: &'static str,
    /// The field of the answer that names it: `secret_id_accessor`. Dots for nesting, `[0]` for the first of a list,
    /// `a|b` for the first of two that is there.
    pub id: &'static str,
    pub omitted: Omitted,
    /// How it is read afterwards; the template of its path is the type's place, with `{id}`.
    pub lookup: Lookup,
    pub removal: Removal,
    /// The template of the path whose LIST names all of them, to tell which one is new after a lost answer.
    pub list: &'static str,
    /// The field that holds something in the object itself, and nothing in what comes into being beside it: an imported
    /// chain of certificates is several issuers, of which one has a key. Empty: nothing comes beside it.
    pub own: &'static str,
    /// How one is recognised that no ledger remembers.
    pub find: Find,
    /// Another path that makes one, where an attribute is set: pairs of attribute and template, the first that is set.
    /// `a+b` is where both are.
    pub instead: &'static [(&'static str, &'static str)],
    /// It is made anew where the first attribute is true and its certificate ends within so many seconds as the second
    /// says.
    pub renew: Option<(&'static str, &'static str)>,
}

impl Generate {
    /// Made by a POST to a path, named by a field of the answer, read with GET, removed with DELETE.
    #[must_use]
    pub const fn at(create: &'static str, id: &'static str) -> Generate {
        Generate {
            create,
            id,
            omitted: Omitted::Kept,
            lookup: Lookup::Get,
            removal: Removal::Delete,
            list: "",
            own: "",
            find: Find::No,
            instead: &[],
            renew: None,
        }
    }
}

/// How a generated object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    Get,
    /// POST of its id in a field, to a path template.
    Post {
        path: &'static str,
        field: &'static str,
    },
    /// From the entry of its id in the LIST's `key_info`.
    KeyInfo,
    /// It cannot be read; it is there while its id stands in the LIST.
    Listed,
}

/// How a generated object is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Delete,
    /// POST of its id in a field, to a path template.
    Post {
        path: &'static str,
        field: &'static str,
    },
    /// Where an attribute is true POST of its id in a field, to a path template; else it stays.
    PostWhen {
        path: &'static str,
        field: &'static str,
        when: &'static str,
    },
    /// It stays; the plan says so.
    Stays,
}

/// How a generated object is recognised without a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Not at all: a new one is made.
    No,
    /// POST of attributes to a path that answers the object: pairs of request field and attribute.
    Lookup {
        path: &'static str,
        fields: &'static [(&'static str, &'static str)],
    },
    /// The one of the LIST whose fields equal these attributes: pairs of field and attribute.
    Fields(&'static [(&'static str, &'static str)]),
    /// The one of the LIST whose certificate has the declared subject and key.
    Certificate,
}

/// A call after which only the server knows a password: it is neither compared nor sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The template of the path whose POST does it, whoever sends it.
    pub path: &'static str,
    /// The argument that asks for it.
    pub when: &'static str,
    /// The attributes that the server owns afterwards, at the top or in a block.
    pub owns: &'static [&'static str],
}

/// An endpoint besides the main one.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub name: &'static str,
    /// The template of its path.
    pub path: &'static str,
    /// Whether GET answers it; otherwise its attributes are read from the main endpoint.
    pub read: bool,
    pub omitted: Omitted,
    /// Written only where one of its attributes is set or differs.
    pub only_if_set: bool,
    /// Read only where one of its attributes is set.
    pub delete: bool,
    /// The attribute of the blocks of which each is an object of its own; it stands in the path. Empty: there is one object.
    pub each: &'static str,
}

/// How a data source or ephemeral resource is read. Attributes that are sent go as query parameters where the request is a
/// GET or LIST. Where the last placeholder of the place has no value nothing is read: computed attributes are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataRead {
    /// GET of the place.
    Get,
    /// LIST of the place; the keys go to the attribute.
    List { keys: &'static str },
    /// POST of the attributes to the place.
    Post,
    /// LIST of the place and, where the attribute `deep` is true, of all that is below; the keys are whole paths.
    Tree {
        keys: &'static str,
        deep: &'static str,
    },
    /// The entry of a mount in its table.
    Mount(MountTable),
    /// All entries of a mount table whose fields equal what is set; each computed list takes the field it names.
    Mounts(MountTable),
    /// A secret of a KV version 2 mount.
    Versioned,
    /// A secret of a KV mount of either version.
    Secret,
    /// Computed here, without a server.
    Local(Local),
}

/// What no server keeps. What is made by chance or at a moment is kept in the ledger's mount (semantics 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// `terraform_data`
    Data,
    /// `null_resource`
    Null,
    RandomPassword,
    RandomString,
    RandomId,
    RandomBytes,
    RandomUuid,
    RandomPet,
    RandomInteger,
    RandomShuffle,
    TimeStatic,
    TimeOffset,
    TimeRotating,
    TimeSleep,
    /// `tls_private_key`
    PrivateKey,
    /// `tls_cert_request`
    Request,
    /// `tls_self_signed_cert`
    SelfSigned,
    /// `tls_locally_signed_cert`
    LocallySigned,
    /// `data "tls_public_key"`
    PublicKey,
    /// `vault_policy_document`
    PolicyDocument,
    /// A file on this machine.
    File,
    /// `data "local_file"`
    ReadFile,
    /// `data "external"`
    Program,
    /// `data "http"`
    Page,
}

impl Local {
    /// Tells whether its outputs are made once and kept in Vault.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        use Local::{
            LocallySigned, PrivateKey, RandomBytes, RandomId, RandomInteger, RandomPassword,
            RandomPet, RandomShuffle, RandomString, RandomUuid, Request, SelfSigned, TimeOffset,
            TimeRotating, TimeStatic,
        };
        matches!(
            self,
            RandomPassword
                | RandomString
                | RandomId
                | RandomBytes
                | RandomUuid
                | RandomPet
                | RandomInteger
                | RandomShuffle
                | TimeStatic
                | TimeOffset
                | TimeRotating
                | PrivateKey
                | Request
                | SelfSigned
                | LocallySigned
        )
    }

    /// Tells whether some of its outputs are secret: a plan holds them.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(
            self,
            Local::RandomPassword | Local::RandomBytes | Local::PrivateKey
        )
    }
}
