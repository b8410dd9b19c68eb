//! Attributes of a resource type: what they hold, where the server keeps them, how they are read back and compared.

use super::{Kind, Nesting, Order, Products};

/// Who says the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
    /// The server only: setting it is an error.
    Computed,
}

/// What an attribute means that the configuration leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// The zero of its kind (`""`, 0, false, no elements), shown as null: what most servers start with.
    Zero,
    Bool(bool),
    Integer(i64),
    Text(&'static str),
    /// The elements of a list or set of text.
    Texts(&'static [&'static str]),
    /// The server's own choice: not compared, never written.
    Server,
    /// The value of another attribute: `path` is `type` where it is left out.
    Of(&'static str),
    /// The text that goes with the block that is set: pairs of block and text. Such blocks are alternatives: nothing is
    /// desired of one that is left out; read back, the text tells which of them the answer is about.
    With(&'static [(&'static str, &'static str)]),
}

/// How the live value is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBack {
    /// From the field that it was written to.
    Same,
    /// From another field: `connection_details.username`; `.` is the whole answer. Of a block: its
    /// attributes are read within that field. `lease_id`, `auth` and `wrap_info` of the answer stand among its data.
    At(&'static str),
    /// From its field, where 0 may also stand for the value of this other field: `latest_version`.
    ZeroOr(&'static str),
    /// From its field, less these elements that the server adds by itself.
    Without(&'static [&'static str]),
    /// From its field, where the server answers the id of what the configuration may name: GET of this path, the value
    /// in place of `{}`, tells the id in this field.
    Named {
        path: &'static str,
        id: &'static str,
    },
    /// From its field, a URL: the host of it. It is sent as `https://HOST` where this attribute is true, else `http://HOST`.
    Host(&'static str),
    /// From the certificate in the field `certificate`: subject, names, key, times, serial number, by the attribute's
    /// name. What is not read out of it is compared by digest.
    Certificate,
    /// From the answer that made it, and held afterwards: the PEM texts of these fields, one after the other.
    Bundle(&'static [&'static str]),
    /// From the path: it is part of the object's place.
    Place,
    /// Not at all: compared by keyed digest.
    Never,
    /// From the answer to the call that made the object, and from nowhere afterwards: held.
    Once,
    /// Like `Same`; where the attribute of this name has another value than this, the answer that made it says it in another
    /// form, and is held.
    OnceUnless {
        attribute: &'static str,
        is: &'static str,
        /// Whether that answer holds a secret.
        secret: bool,
    },
    /// Not from the server: a template of other attributes, and of `{namespace}`. One that names a list gives a list.
    Template(&'static str),
    /// Nothing to learn: it goes with every write and steers it, and the server does not keep it.
    Sent,
    /// Nothing to learn: its value asks for a wrapped answer (header `X-Vault-Wrap-TTL`). A generated object's id is then
    /// `wrap_info.wrapped_accessor`.
    Wrap,
    /// The time of the reading.
    Time,
    /// How many objects its part holds.
    Count,
    /// From the answer to a write, and held afterwards: the fields that the named attribute lists.
    Picked(&'static str),
    /// Nothing to learn: an argument of this program, which the server never sees.
    Argument,
}

/// What a changed value asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    Update,
    Replace,
    /// The object moves: `sys/remount`.
    Remount,
    /// Nothing on the server; noted in the ledger.
    Nothing,
    /// Update, but only from false to true: back is an error that names the attribute.
    OneWay,
    /// Update where the number at this key of a map rises; a lower one is another object. Absent is `from`.
    Rise {
        key: &'static str,
        from: u64,
    },
}

/// A condition on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// One of these.
    OneOf(&'static [&'static str]),
    NoEdgeSlashes,
    NoTrailingSlash,
    NoSlash,
    NoComma,
    Duration,
    /// A duration that must carry a unit: `24h`, not `86400`.
    DurationWithUnit,
    Port,
    Json,
    AtLeast(i64),
    MinItems(usize),
    MaxItems(usize),
}

/// One attribute, or one nested block.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    pub kind: Kind,
    pub presence: Presence,
    pub default: Default,
    /// The field of the request, dots for nesting: `config.max_lease_ttl`. Empty: the attribute's name, and for a block
    /// that its attributes stand in the object around it. `*`: the entries of the map are fields of their own.
    pub field: &'static str,
    pub read: ReadBack,
    /// The [`super::Part`] that carries it; empty for the main endpoint.
    pub part: &'static str,
    pub on_change: OnChange,
    pub sensitive: bool,
    /// Entries of this map that say what another attribute says: pairs of key and path. Where that is secret they are.
    pub repeats: &'static [(&'static str, &'static str)],
    /// Goes to the server and is never shown; `Some("x")` names the attribute that it is another way to say.
    pub write_only: Option<&'static str>,
    /// Only read or set when the object is made; later writes leave it out.
    pub create_only: bool,
    /// Said when the object is made even where it is empty: the server tells an empty list from none.
    pub said_empty: bool,
    /// The template of the place that a value names, `{}` for the value: `sys/policies/acl/{}`.
    pub refers: Option<&'static str>,
    /// Where one of these attributes has this value it is another's business: neither compared nor sent.
    pub unless: &'static [(&'static str, &'static str)],
    pub checks: &'static [Check],
    pub deprecated: Option<&'static str>,
    pub products: Products,
}

impl Attribute {
    /// Makes an optional attribute of a kind.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
        Attribute {
            name,
            about,
            kind,
            presence: Presence::Optional,
            default: Default::Zero,
            field: "",
            read: ReadBack::Same,
            part: "",
            on_change: OnChange::Update,
            sensitive: false,
            repeats: &[],
            write_only: None,
            create_only: false,
            said_empty: false,
            refers: None,
            unless: &[],
            checks: &[],
            deprecated: None,
            products: Products::Both,
        }
    }

    /// The configuration must set it.
    #[must_use]
    pub const fn required(mut self) -> Attribute {
        self.presence = Presence::Required;
        self
    }

    /// Only the server sets it.
    #[must_use]
    pub const fn computed(mut self) -> Attribute {
        self.presence = Presence::Computed;
        self.default = Default::Server;
        self
    }

    /// Where left out it is this text.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Attribute {
        self.default = Default::Text(text);
        self
    }

    /// Where left out it is this number.
    #[must_use]
    pub const fn default_number(mut self, number: i64) -> Attribute {
        self.default = Default::Integer(number);
        self
    }

    /// Where left out it is this truth value.
    #[must_use]
    pub const fn default_bool(mut self, value: bool) -> Attribute {
        self.default = Default::Bool(value);
        self
    }

    /// Where left out it is these elements.
    #[must_use]
    pub const fn default_texts(mut self, texts: &'static [&'static str]) -> Attribute {
        self.default = Default::Texts(texts);
        self
    }

    /// Where left out it is the value of another attribute.
    #[must_use]
    pub const fn default_of(mut self, other: &'static str) -> Attribute {
        self.default = Default::Of(other);
        self
    }

    /// Where left out it is the text that goes with the block that is set.
    #[must_use]
    pub const fn default_with(
        mut self,
        pairs: &'static [(&'static str, &'static str)],
    ) -> Attribute {
        self.default = Default::With(pairs);
        self
    }

    /// Where left out the server decides: not compared, shown as it is.
    #[must_use]
    pub const fn server_decides(mut self) -> Attribute {
        self.default = Default::Server;
        self
    }

    /// It is part of the object's place: not sent, and another value is another object.
    #[must_use]
    pub const fn identity(mut self) -> Attribute {
        self.read = ReadBack::Place;
        self.on_change = OnChange::Replace;
        self
    }

    /// It is the path of a mount: another value moves the mount.
    #[must_use]
    pub const fn moves(mut self) -> Attribute {
        self.read = ReadBack::Place;
        self.on_change = OnChange::Remount;
        self
    }

    /// Another value needs a new object.
    #[must_use]
    pub const fn replaces(mut self) -> Attribute {
        self.on_change = OnChange::Replace;
        self
    }

    /// It is sent when the object is made and never again.
    #[must_use]
    pub const fn create_only(mut self) -> Attribute {
        self.create_only = true;
        self.on_change = OnChange::Replace;
        self
    }

    /// It is sent when the object is made; another value changes nothing that is made already.
    #[must_use]
    pub const fn at_birth(mut self) -> Attribute {
        self.create_only = true;
        self.on_change = OnChange::Nothing;
        self
    }

    /// It is sent when the object is made, even where it is empty.
    #[must_use]
    pub const fn said_empty(mut self) -> Attribute {
        self.said_empty = true;
        self
    }

    /// It can be turned on and never off.
    #[must_use]
    pub const fn one_way(mut self) -> Attribute {
        self.on_change = OnChange::OneWay;
        self
    }

    /// It is a map where the number at a key can only rise in place; without the key it is `from`.
    #[must_use]
    pub const fn rises(mut self, key: &'static str, from: u64) -> Attribute {
        self.on_change = OnChange::Rise { key, from };
        self
    }

    /// It is a secret.
    #[must_use]
    pub const fn sensitive(mut self) -> Attribute {
        self.sensitive = true;
        self
    }

    /// Entries of this map say what other attributes say: pairs of key and path.
    #[must_use]
    pub const fn repeats(mut self, pairs: &'static [(&'static str, &'static str)]) -> Attribute {
        self.repeats = pairs;
        self
    }

    /// It is the write-only way to say another attribute.
    #[must_use]
    pub const fn write_only(mut self, twin: &'static str) -> Attribute {
        self.write_only = Some(twin);
        self.sensitive = true;
        self.read = ReadBack::Never;
        self.field = twin;
        self
    }

    /// The field of the request and of the answer where it is not the attribute's name.
    #[must_use]
    pub const fn field(mut self, path: &'static str) -> Attribute {
        self.field = path;
        self
    }

    /// The field of the answer where it is not that of the request.
    #[must_use]
    pub const fn reads(mut self, path: &'static str) -> Attribute {
        self.read = ReadBack::At(path);
        self
    }

    /// The server never answers it.
    #[must_use]
    pub const fn never_read(mut self) -> Attribute {
        self.read = ReadBack::Never;
        self
    }

    /// The server answers it once, when the object is made.
    #[must_use]
    pub const fn once(mut self) -> Attribute {
        self.read = ReadBack::Once;
        self
    }

    /// The answer that made it says it in another form, unless another attribute has this value.
    #[must_use]
    pub const fn once_unless(
        mut self,
        attribute: &'static str,
        is: &'static str,
        secret: bool,
    ) -> Attribute {
        self.read = ReadBack::OnceUnless {
            attribute,
            is,
            secret,
        };
        self
    }

    /// It tells this program what to do; the server never sees it.
    #[must_use]
    pub const fn argument(mut self) -> Attribute {
        self.read = ReadBack::Argument;
        self.on_change = OnChange::Nothing;
        self
    }

    /// It goes with every write, steers it and is not kept.
    #[must_use]
    pub const fn steers(mut self) -> Attribute {
        self.read = ReadBack::Sent;
        self.on_change = OnChange::Nothing;
        self
    }

    /// It asks for a wrapped answer.
    #[must_use]
    pub const fn wraps(mut self) -> Attribute {
        self.read = ReadBack::Wrap;
        self.on_change = OnChange::Replace;
        self
    }

    /// It holds those fields of the answer to a write that another attribute lists.
    #[must_use]
    pub const fn picks(mut self, fields: &'static str) -> Attribute {
        self.read = ReadBack::Picked(fields);
        self
    }

    /// The server adds these elements by itself.
    #[must_use]
    pub const fn without(mut self, elements: &'static [&'static str]) -> Attribute {
        self.read = ReadBack::Without(elements);
        self
    }

    /// It may be a name, for which the server answers an id.
    #[must_use]
    pub const fn named(mut self, path: &'static str, id: &'static str) -> Attribute {
        self.read = ReadBack::Named { path, id };
        self
    }

    /// It is the host of the URL in a field; the attribute `secure` says whether with TLS.
    #[must_use]
    pub const fn host_of(mut self, field: &'static str, secure: &'static str) -> Attribute {
        self.field = field;
        self.read = ReadBack::Host(secure);
        self
    }

    /// It is read from the certificate.
    #[must_use]
    pub const fn certified(mut self) -> Attribute {
        self.read = ReadBack::Certificate;
        self
    }

    /// The server may answer 0 for the value of another field.
    #[must_use]
    pub const fn zero_or(mut self, field: &'static str) -> Attribute {
        self.read = ReadBack::ZeroOr(field);
        self
    }

    /// It holds the PEM texts of several fields of the answer.
    #[must_use]
    pub const fn bundles(mut self, fields: &'static [&'static str]) -> Attribute {
        self.read = ReadBack::Bundle(fields);
        self
    }

    /// It is the time of the reading.
    #[must_use]
    pub const fn read_time(mut self) -> Attribute {
        self.read = ReadBack::Time;
        self
    }

    /// It counts the objects of its part.
    #[must_use]
    pub const fn counts(mut self) -> Attribute {
        self.read = ReadBack::Count;
        self
    }

    /// It is made of other attributes.
    #[must_use]
    pub const fn formed(mut self, template: &'static str) -> Attribute {
        self.read = ReadBack::Template(template);
        self
    }

    /// The part that carries it.
    #[must_use]
    pub const fn part(mut self, name: &'static str) -> Attribute {
        self.part = name;
        self
    }

    /// The place that its value names.
    #[must_use]
    pub const fn refers(mut self, template: &'static str) -> Attribute {
        self.refers = Some(template);
        self
    }

    /// It is another's business where one of these attributes has this value.
    #[must_use]
    pub const fn unless(mut self, pairs: &'static [(&'static str, &'static str)]) -> Attribute {
        self.unless = pairs;
        self
    }

    /// Conditions on its value.
    #[must_use]
    pub const fn checks(mut self, checks: &'static [Check]) -> Attribute {
        self.checks = checks;
        self
    }

    /// Says what to use in its place.
    #[must_use]
    pub const fn deprecated(mut self, text: &'static str) -> Attribute {
        self.deprecated = Some(text);
        self
    }

    /// Says which product has it.
    #[must_use]
    pub const fn only(mut self, products: Products) -> Attribute {
        self.products = products;
        self
    }

    /// The server stores it in lower case.
    #[must_use]
    pub const fn lower_cased(mut self) -> Attribute {
        self.kind = match self.kind {
            Kind::Set(_) => Kind::Set(&Kind::Text { lower: true }),
            Kind::List(_, order) => Kind::List(&Kind::Text { lower: true }, order),
            _ => Kind::Text { lower: true },
        };
        self
    }

    /// The order of the list does not count.
    #[must_use]
    pub const fn unordered(mut self) -> Attribute {
        if let Kind::List(kind, _) = self.kind {
            self.kind = Kind::List(kind, Order::Ignored);
        }
        self
    }

    /// Its blocks are an object on the server, by one of their attributes.
    #[must_use]
    pub const fn keyed(mut self, by: &'static str) -> Attribute {
        if let Kind::Block(_, attributes) = self.kind {
            self.kind = Kind::Block(Nesting::Keyed(by), attributes);
        }
        self
    }

    /// The same, and the object goes as text of JSON.
    #[must_use]
    pub const fn keyed_text(mut self, by: &'static str) -> Attribute {
        if let Kind::Block(_, attributes) = self.kind {
            self.kind = Kind::Block(Nesting::KeyedText(by), attributes);
        }
        self
    }

    /// Its blocks go to the server as texts of JSON.
    #[must_use]
    pub const fn as_json(mut self) -> Attribute {
        if let Kind::Block(_, attributes) = self.kind {
            self.kind = Kind::Block(Nesting::JsonSet, attributes);
        }
        self
    }

    /// The list goes to the server as one string with commas.
    #[must_use]
    pub const fn comma(mut self) -> Attribute {
        if let Kind::List(kind, _) = self.kind {
            self.kind = Kind::List(kind, Order::Comma);
        }
        self
    }
}
