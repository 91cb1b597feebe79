//! Reads templates without filling them: every name in every branch, whether a sample takes it or not.
//!
//! From each kind of mail the way leads through what it extends and includes, with the names that stand there at each place.
//! So an unknown name is found with its line and with those that there are. This is the one place that uses the engine's
//! parser.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use minijinja::machinery::{Span, ast, parse};
use minijinja::{Environment, Error, ErrorKind};

use super::shape::Shape;
use super::{Finding, Templates, print};

/// The templates as their grammar sees them.
pub(super) struct Read<'a> {
    templates: &'a Templates,
    trees: BTreeMap<&'static str, ast::Stmt<'a>>,
}

/// Reads all templates, or says what is no template at all.
pub(super) fn read(templates: &Templates) -> Result<Read<'_>, Vec<Finding>> {
    let (mut trees, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, source) in templates.all() {
        match print::syntax().and_then(|syntax| parse(source, name, syntax)) {
            Ok(tree) => {
                trees.insert(name, tree);
            }
            Err(error) => faults.push(Finding::refused(name, error.line(), grammar(&error), "die Stelle berichtigen")),
        }
    }
    if faults.is_empty() { Ok(Read { templates, trees }) } else { Err(faults) }
}

/// What the engine's parser says of a text; its own words are English and are kept behind ours.
fn grammar(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("Das ist keine gültige Vorlage ({detail})"),
        None => "Das ist keine gültige Vorlage".to_owned(),
    }
}

/// Walks through the template that a kind of mail begins with, and all that it leads to. The names it leads to.
pub(super) fn walk(
    read: &Read<'_>,
    engine: &Environment<'_>,
    root: &'static str,
    page: &Shape,
    findings: &mut Vec<Finding>,
) -> Vec<&'static str> {
    let names = match page {
        Shape::Fields(fields) => (**fields).clone(),
        _ => BTreeMap::new(),
    };
    let mut walk = Walk { read, engine, scopes: vec![names], way: Vec::new(), met: Vec::new(), findings };
    walk.template(root, root, Span::default());
    walk.met
}

struct Walk<'a, 'f> {
    read: &'a Read<'a>,
    engine: &'a Environment<'a>,
    /// The names at this place, the innermost last.
    scopes: Vec<BTreeMap<String, Shape>>,
    /// The templates that lead here.
    way: Vec<&'static str>,
    met: Vec<&'static str>,
    findings: &'f mut Vec<Finding>,
}

impl<'a> Walk<'a, '_> {
    fn here(&self) -> &'static str {
        self.way.last().copied().unwrap_or_default()
    }

    fn refuse(&mut self, at: Span, what: impl Into<String>, remedy: &str) {
        let (here, mut what) = (self.here(), what.into());
        if !self.read.templates.is_own(here) {
            // Ours is in order; who leads to it is not.
            let from = self.way.iter().rev().find(|name| self.read.templates.is_own(name));
            let _ = write!(what, " (eingebaut; eingebunden über {})", from.copied().unwrap_or("eine eigene Vorlage"));
        } else if let [root, .., _] = self.way[..] {
            let _ = write!(what, " (in Mails nach {root})");
        }
        self.findings.push(Finding::refused(here, Some(usize::from(at.start_line)), what, remedy));
    }

    fn template(&mut self, name: &str, from: &str, at: Span) {
        let Some((name, tree)) = self.read.trees.get_key_value(name) else {
            let possible: Vec<_> = self.read.trees.keys().copied().collect();
            let what = format!("Die Vorlage „{name}“ gibt es nicht; möglich sind: {}", possible.join(", "));
            return self.refuse(at, what, "den Namen berichtigen");
        };
        if self.way.contains(name) {
            return self.refuse(at, format!("Die Vorlage „{name}“ bindet sich selbst ein"), "die Zeile entfernen");
        }
        if ending(name) != ending(from) {
            let what = format!("„{name}“ gehört nicht in „{from}“: Text und HTML werden verschieden geschützt");
            return self.refuse(at, what, "nur Vorlagen mit derselben Endung einbinden");
        }
        if !self.met.contains(name) {
            self.met.push(name);
        }
        self.way.push(name);
        if let ast::Stmt::Template(tree) = tree {
            self.all(&tree.children);
        }
        self.way.pop();
    }

    fn all(&mut self, statements: &'a [ast::Stmt<'a>]) {
        let mut before = "";
        for statement in statements {
            if let ast::Stmt::EmitExpr(print) = statement
                && ending(self.here()) == "html"
                && before.trim_end().ends_with('=')
            {
                let what = format!("„{}“ steht ohne Anführungszeichen hinter einem „=“", named(&print.expr));
                self.refuse(print.span(), what, "den Wert in doppelte Anführungszeichen setzen");
            }
            before = if let ast::Stmt::EmitRaw(raw) = statement { raw.raw } else { "" };
            self.statement(statement);
        }
    }

    fn scoped(&mut self, names: BTreeMap<String, Shape>, statements: &'a [ast::Stmt<'a>]) {
        self.scopes.push(names);
        self.all(statements);
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &'a ast::Stmt<'a>) {
        use ast::Stmt;
        match statement {
            Stmt::Template(tree) => self.all(&tree.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(print) => {
                self.value(&print.expr);
            }
            Stmt::ForLoop(each) => {
                let list = self.value(&each.iter);
                let mut names = BTreeMap::from([("loop".to_owned(), Shape::Any)]);
                assign(&each.target, &list.inside(), &mut names);
                self.scopes.push(names);
                if let Some(filter) = &each.filter_expr {
                    self.value(filter);
                }
                self.all(&each.body);
                self.scopes.pop();
                self.scoped(BTreeMap::new(), &each.else_body);
            }
            // What is set in a branch is known behind it.
            Stmt::IfCond(choice) => {
                self.value(&choice.expr);
                self.all(&choice.true_body);
                self.all(&choice.false_body);
            }
            Stmt::WithBlock(with) => {
                let mut names = BTreeMap::new();
                for (target, value) in &with.assignments {
                    assign(target, &self.value(value), &mut names);
                }
                self.scoped(names, &with.body);
            }
            Stmt::Set(set) => {
                let shape = self.value(&set.expr);
                if let Some(names) = self.scopes.last_mut() {
                    assign(&set.target, &shape, names);
                }
            }
            Stmt::SetBlock(set) => {
                self.scoped(BTreeMap::new(), &set.body);
                if let Some(filter) = &set.filter {
                    self.value(filter);
                }
                if let Some(names) = self.scopes.last_mut() {
                    assign(&set.target, &Shape::Plain, names);
                }
            }
            Stmt::AutoEscape(escape) => {
                let remedy = "„autoescape“ entfernen; Werte aus Listen dürfen im HTML nie ungeschützt stehen";
                self.refuse(escape.span(), "Der Schutz der Werte lässt sich nicht abschalten", remedy);
            }
            Stmt::FilterBlock(block) => {
                self.value(&block.filter);
                self.all(&block.body);
            }
            Stmt::Block(block) => self.scoped(BTreeMap::new(), &block.body),
            Stmt::Extends(extends) => self.lead(&extends.name, extends.span(), false),
            Stmt::Include(include) => self.lead(&include.name, include.span(), include.ignore_missing),
            Stmt::Import(import) => self.foreign(import.span()),
            Stmt::FromImport(import) => self.foreign(import.span()),
            Stmt::Do(call) => {
                self.value(&call.call.expr);
                self.arguments(&call.call.args);
            }
        }
    }

    fn foreign(&mut self, at: Span) {
        self.refuse(at, "„import“ gibt es in diesen Vorlagen nicht", "„include“ benutzen");
    }

    /// To the templates that a name stands for: one, each of a list, or all that its beginning and end allow.
    fn lead(&mut self, name: &'a ast::Expr<'a>, at: Span, may_miss: bool) {
        self.value(name);
        let from = self.here();
        let names = match name {
            ast::Expr::List(list) => Some(&list.items),
            ast::Expr::Tuple(tuple) => Some(&tuple.items),
            _ => None,
        };
        if let Some(names) = names {
            return names.iter().for_each(|name| self.lead(name, at, true));
        }
        if let Some(name) = name.as_const() {
            let name = name.as_str().unwrap_or_default();
            if !may_miss || self.read.trees.contains_key(name) {
                self.template(name, from, at);
            }
            return;
        }
        let (begins, ends) = edges(name);
        if !ends.ends_with(&format!(".{}", ending(from))) {
            let what = "Der Name der Vorlage lässt ihre Endung offen";
            return self.refuse(at, what, &format!("den Namen mit \".{}\" enden lassen", ending(from)));
        }
        let fits = |name: &&&str| name.starts_with(&*begins) && name.ends_with(&*ends) && !self.way.contains(*name);
        for name in self.read.trees.keys().filter(fits).copied().collect::<Vec<_>>() {
            self.template(name, from, at);
        }
    }

    fn values<'e>(&mut self, all: impl IntoIterator<Item = &'e ast::Expr<'e>>) -> Shape
    where
        'a: 'e,
    {
        all.into_iter().map(|value| self.value(value)).fold(Shape::Nothing, Shape::or)
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) {
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value)
                | ast::CallArg::Kwarg(_, value)
                | ast::CallArg::PosSplat(value)
                | ast::CallArg::KwargSplat(value) => self.value(value),
            };
        }
    }

    /// Looks at all names in an expression; its shape, as far as it is known.
    fn value(&mut self, value: &ast::Expr<'_>) -> Shape {
        use ast::Expr;
        match value {
            Expr::Const(_) => Shape::Plain,
            Expr::Var(name) => {
                let known = self.scopes.iter().rev().find_map(|scope| scope.get(name.id)).cloned();
                known.unwrap_or_else(|| {
                    let names = self.scopes.iter().flat_map(BTreeMap::keys).cloned().collect();
                    self.unknown(name.span(), name.id, names);
                    Shape::Any
                })
            }
            Expr::GetAttr(field) => {
                let of = self.value(&field.expr);
                self.field(&of, field.name, value, field.span())
            }
            Expr::GetItem(item) => {
                let of = self.value(&item.expr);
                self.value(&item.subscript_expr);
                match item.subscript_expr.as_const() {
                    Some(name) if name.as_str().is_some() => {
                        self.field(&of, name.as_str().unwrap_or_default(), value, item.span())
                    }
                    _ => of.inside(),
                }
            }
            Expr::Slice(slice) => {
                for bound in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.value(bound);
                }
                self.value(&slice.expr)
            }
            Expr::UnaryOp(unary) => {
                self.value(&unary.expr);
                Shape::Plain
            }
            Expr::BinOp(binary) => {
                let either = self.values([&binary.left, &binary.right]);
                match binary.op {
                    ast::BinOpKind::ScAnd | ast::BinOpKind::ScOr => either,
                    _ => Shape::Plain,
                }
            }
            Expr::Compare(compare) => {
                self.value(&compare.expr);
                self.values(compare.ops.iter().map(|op| &op.expr));
                Shape::Plain
            }
            Expr::IfExpr(choice) => {
                self.value(&choice.test_expr);
                let (yes, no) = (self.value(&choice.true_expr), self.values(choice.false_expr.as_ref()));
                yes.or(no)
            }
            Expr::Filter(filter) => {
                let of = self.values(filter.expr.as_ref());
                self.arguments(&filter.args);
                self.filter(filter.name, filter.span());
                match filter.name {
                    "sort" | "reverse" | "unique" | "list" => of,
                    "first" | "last" | "min" | "max" => of.inside(),
                    _ => Shape::Any,
                }
            }
            Expr::Test(test) => {
                self.value(&test.expr);
                self.arguments(&test.args);
                let ask = format!("0 is {}", test.name);
                if self.asked(&ask, ErrorKind::UnknownTest) {
                    let what = format!("Die Prüfung „is {}“ gibt es nicht", test.name);
                    self.refuse(test.span(), what, "den Namen berichtigen");
                }
                Shape::Plain
            }
            Expr::Call(call) => {
                self.arguments(&call.args);
                match &call.expr {
                    Expr::Var(name) if matches!(name.id, "super" | "loop") => {}
                    Expr::Var(name) if self.engine.globals().any(|(known, _)| known == name.id) => {}
                    Expr::GetAttr(method) if matches!(&method.expr, Expr::Var(name) if name.id == "loop") => {}
                    other => {
                        let what = format!("„{}“ lässt sich nicht aufrufen", named(other));
                        self.refuse(call.span(), what, "statt eines Aufrufs einen Filter benutzen, etwa „|upper“");
                    }
                }
                Shape::Any
            }
            Expr::List(list) => Shape::List(self.values(&list.items).into()),
            Expr::Tuple(tuple) => Shape::List(self.values(&tuple.items).into()),
            Expr::Map(map) => {
                self.values(&map.keys);
                self.values(&map.values);
                Shape::Any
            }
        }
    }

    fn filter(&mut self, name: &str, at: Span) {
        if name == "safe" {
            let remedy = "„|safe“ entfernen; Werte aus Listen dürfen im HTML nie ungeschützt stehen";
            self.refuse(at, "Der Schutz der Werte lässt sich nicht abschalten („|safe“)", remedy);
        } else if self.asked(&format!("0|{name}"), ErrorKind::UnknownFilter) {
            self.refuse(at, format!("Den Filter „{name}“ gibt es nicht"), "den Namen berichtigen");
        }
    }

    /// Whether the engine answers with this.
    fn asked(&self, expression: &str, kind: ErrorKind) -> bool {
        let asked = self.engine.compile_expression_owned(expression.to_owned());
        asked.and_then(|expression| expression.eval(())).is_err_and(|error| error.kind() == kind)
    }

    fn field(&mut self, of: &Shape, name: &str, whole: &ast::Expr<'_>, at: Span) -> Shape {
        match of {
            Shape::Fields(fields) => fields.get(name).cloned().unwrap_or_else(|| {
                self.unknown(at, &named(whole), fields.keys().cloned().collect());
                Shape::Any
            }),
            Shape::Any | Shape::Nothing => Shape::Any,
            Shape::Plain | Shape::List(_) => {
                let what = format!("unbekannte Variable „{}“: davor steht etwas ohne Felder", named(whole));
                self.refuse(at, what, "den Namen berichtigen");
                Shape::Any
            }
        }
    }

    fn unknown(&mut self, at: Span, name: &str, mut names: Vec<String>) {
        names.sort_unstable();
        names.dedup();
        let what = format!("unbekannte Variable „{name}“; hier gibt es: {}", names.join(", "));
        self.refuse(at, what, "den Namen berichtigen");
    }
}

/// Gives the names of a target what they stand for.
fn assign(target: &ast::Expr<'_>, shape: &Shape, names: &mut BTreeMap<String, Shape>) {
    match target {
        ast::Expr::Var(name) => {
            names.insert(name.id.to_owned(), shape.clone());
        }
        ast::Expr::List(list) => list.items.iter().for_each(|item| assign(item, &shape.inside(), names)),
        ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| assign(item, &shape.inside(), names)),
        _ => {}
    }
}

/// An expression as the template has it, as far as it is a name.
fn named(value: &ast::Expr<'_>) -> String {
    match value {
        ast::Expr::Var(name) => name.id.to_owned(),
        ast::Expr::GetAttr(field) => format!("{}.{}", named(&field.expr), field.name),
        ast::Expr::GetItem(item) => {
            let inside = item.subscript_expr.as_const().map_or_else(|| "…".to_owned(), |value| format!("{value:?}"));
            format!("{}[{inside}]", named(&item.expr))
        }
        _ => "…".to_owned(),
    }
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// What a name that is put together is known to begin and to end with.
fn edges(name: &ast::Expr<'_>) -> (String, String) {
    let constant = |part: &ast::Expr<'_>| part.as_const().and_then(|v| v.as_str().map(str::to_owned));
    match name {
        ast::Expr::BinOp(parts) if matches!(parts.op, ast::BinOpKind::Concat | ast::BinOpKind::Add) => {
            (edges(&parts.left).0, edges(&parts.right).1)
        }
        other => constant(other).map_or_else(Default::default, |text| (text.clone(), text)),
    }
}
