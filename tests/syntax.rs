//! The parser: what it reads as Go HCL does, and what it says about what it cannot read.

use vaultform::source::{Diagnostic, FileId, Sources};
use vaultform::syntax::{
    Body, Expression, Node, Part, parse_expression, parse_file, parse_json_file, unquoted,
};

fn parsed(text: &str) -> Body {
    let (body, errors) = parse_file(FileId(0), text);
    assert_eq!(errors, []);
    assert!(!body.incomplete);
    body
}

/// Returns each error as "line:column message".
fn errors(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("main.tf", text);
    let (body, errors) = parse_file(file, text);
    assert!(!errors.is_empty() || !body.incomplete);
    errors.iter().map(|told| placed(&sources, told)).collect()
}

fn placed(sources: &Sources, told: &Diagnostic) -> String {
    let span = told.labels.first().expect("an error has a place").span;
    let at = sources.position(span.file, span.start);
    format!("{}:{} {}", at.line, at.column, told.message)
}

/// Returns the text of the one attribute of a file.
fn text_of(text: &str) -> String {
    let body = parsed(text);
    let attribute = body.attributes.first().expect("one attribute");
    match &attribute.value.node {
        Node::Template(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal(text, _) => text.to_string(),
                _ => "<>".to_owned(),
            })
            .collect(),
        other => panic!("no template: {other:?}"),
    }
}

fn expression(text: &str) -> Expression {
    parse_expression(FileId(0), text, 0).unwrap_or_else(|told| panic!("{text}: {told:?}"))
}

#[test]
fn spans_cover_what_they_name() {
    let text = "# c\nresource \"a\" b {\n  x = foo.bar[1].baz + 2\n}\n";
    let body = parsed(text);
    let slice = |span: vaultform::source::Span| &text[span.start as usize..span.end as usize];
    let block = &body.blocks[0];
    assert_eq!(slice(block.header), "resource \"a\" b");
    assert_eq!(slice(block.labels[0].span), "\"a\"");
    assert!(slice(block.span).starts_with("resource") && slice(block.span).ends_with('}'));
    let attribute = &block.body.attributes[0];
    assert_eq!(slice(attribute.span), "x = foo.bar[1].baz + 2");
    let Node::Binary(_, left, right) = &attribute.value.node else {
        panic!("an operation");
    };
    assert_eq!(
        (slice(left.span), slice(right.span)),
        ("foo.bar[1].baz", "2")
    );
}

#[test]
fn every_broken_block_is_told_and_the_good_ones_stay() {
    let text = "resource \"a\" \"one\" {\n  x = [1, 2\n  y = 3\n}\n\nresource \"a\" \"two\" {\n  path = \"abc\n  z = 1\n}\nresource \"a\" \"three\" {\n  q = 1 +\n  ok = 2\n}\nresource \"a\" \"four\" {\n  good = true\n}\n";
    assert_eq!(
        errors(text),
        [
            "3:3 unexpected `y`, a comma is missing",
            "7:10 this string is not closed on its line",
            "11:10 unexpected end of the line, a value is missing",
        ]
    );
    let (body, _) = parse_file(FileId(0), text);
    let kept: Vec<usize> = body
        .blocks
        .iter()
        .map(|block| block.body.attributes.len())
        .collect();
    assert_eq!(kept, [0, 1, 1, 1]);
    let broken: Vec<bool> = body
        .blocks
        .iter()
        .map(|block| block.body.incomplete)
        .collect();
    assert_eq!(broken, [true, true, true, false]);
}

#[test]
fn an_unclosed_block_does_not_swallow_the_next_ones() {
    let text = "resource \"a\" \"one\" {\n  nested {\n    x = 1\n\n}\n\nresource \"a\" \"two\" {\n  z = 1\n}\nvariable \"v\" {\n  type: string\n}\n";
    assert_eq!(
        errors(text),
        [
            "1:20 this block is never closed",
            "11:7 the argument `type` is set with `=`, not with `:`"
        ]
    );
    let (body, _) = parse_file(FileId(0), text);
    assert_eq!(body.blocks.len(), 3);
    assert_eq!(body.blocks[0].body.blocks.len(), 1);
}

#[test]
fn an_unclosed_heredoc_or_bracket_does_not_swallow_the_next_blocks() {
    let heredoc = "resource \"a\" \"one\" {\n  policy = <<-EOT\n    path \"x\" {\n    }\n  EOT,\n}\n\nresource \"a\" \"two\" {\n  z = foo(1 2)\n}\n";
    assert_eq!(
        errors(heredoc),
        [
            "2:12 this heredoc is never closed",
            "9:13 unexpected `2`, a comma is missing"
        ]
    );
    let object = "a = {\n  b = 1\n\nresource \"x\" \"y\" {\n  c = 1\n}\n";
    assert_eq!(errors(object), ["1:5 this is never closed"]);
    assert_eq!(parse_file(FileId(0), object).0.blocks.len(), 1);
}

#[test]
fn a_forgotten_brace_in_a_string_costs_one_argument() {
    let text = "locals {\n  a = \"${foo\"\n  b = 1\n}\nresource \"a\" \"b\" {}\n";
    assert_eq!(
        errors(text),
        ["2:13 unexpected string in a template interpolation"]
    );
    let (body, _) = parse_file(FileId(0), text);
    assert_eq!(body.blocks[0].body.attributes.len(), 1);
    assert_eq!(body.blocks.len(), 2);
}

#[test]
fn slips_are_named() {
    let cases = [
        ("a = 'x'\n", "1:5 `'` is no quotation mark of this language"),
        ("a = x | y\n", "1:7 there is no operator `|`"),
        ("a = 1.2.3\n", "1:5 `1.2.3` is no number"),
        (
            "\"a\" = 1\n",
            "1:1 the name of an argument must not be quoted",
        ),
        (
            "a = ll.0.1\n",
            "1:8 two legacy indexes cannot follow one another",
        ),
        (
            "a = b.*.c.*.d\n",
            "1:11 `.*` cannot stand inside of another `.*`",
        ),
        ("a = \"\\${x}\"\n", "1:6 there is no escape `\\$`"),
        (
            "a = {for x in y : x}\n",
            "1:19 a `for` expression in braces needs a key",
        ),
        ("}\n", "1:1 this `}` closes nothing"),
        ("a = 1\na = 2\n", "2:1 the argument `a` is set twice"),
        (
            "a { b = 1, c = 2 }\n",
            "1:10 unexpected `,` in a block on one line",
        ),
        (
            "a\n{\n}\n",
            "1:2 the `{` of the block `a` stands on the next line",
        ),
        ("a = \"%{ if x }y\"\n", "1:6 this `%{ if }` is never closed"),
        ("a = \"%{ fi x }y\"\n", "1:9 unexpected `fi` after `%{`"),
        ("a = 1 /* b\n", "1:7 this comment is never closed"),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text), [expected], "of {text:?}");
    }
}

#[test]
fn indented_heredocs_lose_their_common_indent() {
    let cases = [
        ("    a ${s}\nbcdefgh\n    c\n", "    a <>\nbcdefgh\n    c\n"),
        ("    a\n  b\n\n      \n    c\n", "  a\nb\n\n      \n  c\n"),
        ("    a\r\n      b\r\n", "a\r\n  b\r\n"),
        ("\t\ta\n\tb\n", "\ta\nb\n"),
        ("    ${s}\n    b\n", "<>\nb\n"),
        ("  a\n${s}\n", "  a\n<>\n"),
    ];
    for (lines, expected) in cases {
        assert_eq!(
            text_of(&format!("x = <<-EOT\n{lines}    EOT\n")),
            expected,
            "of {lines:?}"
        );
    }
}

#[test]
fn directives_do_not_hide_the_indent() {
    let body = parsed(
        "x = <<-EOT\n    %{ for p in ps ~}\n    path \"${p}\" {\n    }\n    %{ endfor ~}\n    end\n  EOT\n",
    );
    let Node::Template(parts) = &body.attributes[0].value.node else {
        panic!("a template");
    };
    let literals = |parts: &[Part]| -> Vec<String> {
        let text = |part: &Part| match part {
            Part::Literal(text, _) => Some(text.to_string()),
            _ => None,
        };
        parts.iter().filter_map(text).collect()
    };
    let [_, Part::For { body, .. }, ..] = parts.as_slice() else {
        panic!("a loop: {parts:?}");
    };
    assert_eq!(literals(body), ["    path \"", "\" {\n}\n"]);
    assert_eq!(literals(parts), ["", "    end\n"]);
}

#[test]
fn oddities_are_read_as_go_hcl_does() {
    for text in [
        "1e400",
        "{ a = 1, a = 2 }",
        "provider::foo::bar(1)",
        "(\n1\n+ 2)",
    ] {
        expression(text);
    }
    assert!(
        matches!(expression("1.e5").node, Node::Number(number) if number.to_string() == "100000")
    );
    let big = "123456789012345678901234567890";
    assert!(matches!(expression(big).node, Node::Number(number) if number.to_string() == big));
    assert_eq!(text_of("\u{feff}a = \"e\u{301}\"\n"), "\u{e9}");
    assert_eq!(
        text_of("a = \"$${x} %%{y} $$ 100% \\u00e9\"\n"),
        "${x} %{y} $$ 100% \u{e9}"
    );
    assert!(matches!(expression("\"${x}\"").node, Node::Wrapped(_)));
    assert!(matches!(expression("\" ${~x~} \"").node, Node::Template(_)));
}

#[test]
fn deep_and_long_expressions_end_in_an_error_and_not_in_a_crash() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    expression(&deep(150));
    expression(&vec!["1"; 300].join(" + "));
    let too_deep = [
        deep(100_000),
        "(".repeat(100_000),
        "!".repeat(100_000),
        "\"${".repeat(100_000),
        "a ? b : ".repeat(100_000),
        vec!["1"; 100_000].join(" + "),
        format!("a{}", "[0]".repeat(100_000)),
        "{ a = ".repeat(100_000),
        "f(".repeat(100_000),
    ];
    for text in &too_deep {
        assert!(parse_expression(FileId(0), text, 0).is_err());
    }
    assert!(!errors(&"a {\n".repeat(5_000)).is_empty());
}

#[test]
fn json_bodies_become_blocks_where_the_schema_says_so() {
    let text = r#"{
      "//": "a comment",
      "resource": [{ "vault_policy": { "a": { "name": "x ${var.y}", "n": 12345678901234567890123, "rule": [{ "p": 1 }, { "p": 2 }] },
                                       "b": [{ "name": "${var.z}" }] } }],
      "locals": { "l": { "k": null } }
    }"#;
    let (file, told) = parse_json_file(FileId(0), text);
    assert_eq!(told, []);
    let (body, told) = file.with_blocks(&[("resource", 2), ("locals", 0)]);
    assert_eq!(told, []);
    let labels: Vec<String> = body
        .blocks
        .iter()
        .map(|block| {
            let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
            format!("{} {}", block.kind.text, labels.join("."))
        })
        .collect();
    assert_eq!(
        labels,
        [
            "resource vault_policy.a",
            "resource vault_policy.b",
            "locals "
        ]
    );
    assert!(body.attributes.is_empty());
    let (first, _) = body.blocks[0].body.with_blocks(&[("rule", 0)]);
    assert_eq!(first.blocks.len(), 2);
    let name = first.attribute("name").expect("a name");
    let Node::Template(parts) = &name.value.node else {
        panic!("a template");
    };
    let Some(Part::Interpolation(inner)) = parts.get(1) else {
        panic!("an interpolation");
    };
    assert_eq!(
        &text[inner.span.start as usize..inner.span.end as usize],
        "var.y"
    );
    let (second, _) = body.blocks[1].body.with_blocks(&[]);
    assert!(matches!(second.attributes[0].value.node, Node::Wrapped(_)));
}

#[test]
fn broken_json_is_told_at_its_place() {
    let mut sources = Sources::default();
    for (text, expected) in [
        (
            "{\n  \"a\": 1,\n}",
            "3:1 no comma may stand after the last property",
        ),
        (
            "{\n  'a': 1 }",
            "2:3 the name of a property must be a string between `\"`",
        ),
        (
            "{ \"a\": [1 2] }",
            "1:11 `,` or `]` is missing after this element",
        ),
        ("{ \"a\": 01 }", "1:8 `01` is no JSON number"),
    ] {
        let file = sources.add("main.tf.json", text);
        let (_, told) = parse_json_file(file, text);
        let told: Vec<String> = told.iter().map(|told| placed(&sources, told)).collect();
        assert_eq!(told, [expected]);
    }
    let (body, told) = parse_json_file(FileId(0), r#"{ "locals": 1, "a": "${" }"#);
    assert_eq!(told, []);
    assert_eq!(body.with_blocks(&[("locals", 0)]).1.len(), 2);
    assert!(
        !parse_json_file(FileId(0), &"[".repeat(100_000))
            .1
            .is_empty()
    );
}

#[test]
fn quoted_references_and_types_are_read_as_such() {
    let quoted = expression("\"vault_mount.kv\"");
    let inner = unquoted(&quoted).expect("an expression");
    assert!(matches!(&inner.node, Node::Attribute(..)));
    assert_eq!(inner.span, quoted.span);
    assert!(unquoted(&expression("\"list(\"")).is_err());
    assert!(matches!(
        unquoted(&expression("list(string)"))
            .expect("as it is")
            .node,
        Node::Call { .. }
    ));
}
