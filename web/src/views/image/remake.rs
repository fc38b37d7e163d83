//! Layers that could be gzip: what that would give, what it would take, and how far it is.

mod estimate;

use self::estimate::Estimate;
use super::ImageProps;
use crate::{
    components::{Button, Emphasis, Glyph, Icon, Panel, Size, Tone, typed, use_announcer},
    model::{Action, Failure, RemakeState, Remaking, Run},
    views::words::about,
};
use sociscope_engine::{LayerId, StoredAs, human};
use yew::prelude::*;

const LEVELS: std::ops::RangeInclusive<u8> = 1..=9;
const DEFAULT_LEVEL: u8 = 6;

/// The panel; nothing where every layer is gzip already.
#[component]
pub fn Remake(props: &ImageProps) -> Html {
    let level = use_state_eq(|| DEFAULT_LEVEL);
    let run = &props.run;
    if run.remakable.is_empty() {
        return Html::default();
    }
    let onchange = {
        let level = level.setter();
        Callback::from(move |event: Event| level.set(typed(&event).parse().unwrap_or(DEFAULT_LEVEL)))
    };
    let name = |offered: u8| match offered {
        1 => "1, fast".to_owned(),
        DEFAULT_LEVEL => format!("{DEFAULT_LEVEL}, default"),
        9 => "9, small".to_owned(),
        other => other.to_string(),
    };
    let head = html! {
        <label class="option end">
            <span>{ "Compression level" }</span>
            <select class="select select--sm" {onchange}>
                { for LEVELS.map(|offered| html! {
                    <option value={offered.to_string()} selected={offered == *level}>{ name(offered) }</option>
                }) }
            </select>
        </label>
    };
    let groups = Kind::ALL.iter().filter_map(|kind| {
        let layers: Vec<Remaking> =
            run.remakable.iter().filter(|layer| Kind::of(layer) == *kind).cloned().collect();
        (!layers.is_empty()).then(|| {
            html! { <Group key={kind.name()} kind={*kind} {layers} level={*level} image={props.clone()} /> }
        })
    });
    html! {
        <Panel id="remake" title="Layers as gzip" {head}>
            <ul class="remake">{ for groups }</ul>
            <p class="remake__note">
                { "Compressed by this page, on this machine. The content stays what it is; a layer that is made gets \
                   another digest, and with it the image." }
            </p>
        </Panel>
    }
}

/// Why layers would be made gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// SOCI does not index zstd.
    Zstd,
    /// The snapshotter refuses the zTOC of the layer as it is stored.
    Refused,
    /// They get an index as they are, but are stored, pushed and pulled without compression.
    Plain,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Zstd, Self::Refused, Self::Plain];

    fn of(layer: &Remaking) -> Self {
        match (layer.layer.from, layer.layer.is_needed) {
            (StoredAs::Zstd, _) => Self::Zstd,
            (StoredAs::Uncompressed, false) => Self::Plain,
            (StoredAs::Gzip, _) | (StoredAs::Uncompressed, true) => Self::Refused,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Refused => "refused",
            Self::Plain => "plain",
        }
    }

    /// "3 zstd layers"
    fn counted(self, layers: u64) -> String {
        match self {
            Self::Zstd => human::counted(layers, "zstd layer"),
            Self::Refused => human::counted(layers, "refused layer"),
            Self::Plain => human::counted(layers, "uncompressed layer"),
        }
    }

    /// Why, of layers of which nothing was made.
    fn reason(self, layers: u64) -> String {
        let (counted, one) = (self.counted(layers), layers == 1);
        match (self, one) {
            (Self::Zstd, true) => format!("{counted} gets an index only as gzip"),
            (Self::Zstd, false) => format!("{counted} get an index only as gzip"),
            (Self::Refused, true) => format!("{counted} gets an index once it is compressed anew"),
            (Self::Refused, false) => format!("{counted} get an index once they are compressed anew"),
            (Self::Plain, true) => "1 layer is stored uncompressed".to_owned(),
            (Self::Plain, false) => format!("{} are stored uncompressed", human::counted(layers, "layer")),
        }
    }
}

/// Props of [`Group`].
#[derive(PartialEq, Properties)]
struct GroupProps {
    kind: Kind,
    layers: Vec<Remaking>,
    level: u8,
    image: ImageProps,
}

/// Layers of one kind, in two lines that keep their height whatever goes on.
#[component]
fn Group(props: &GroupProps) -> Html {
    let GroupProps { kind, layers, level, image } = props;
    let (run, dispatch) = (&image.run, &image.dispatch);
    let made: Vec<&Remaking> =
        layers.iter().filter(|layer| matches!(layer.state, RemakeState::Made { .. })).collect();
    let on = layers.iter().filter(|layer| layer.state.is_on()).count();
    let left: Vec<&Remaking> = layers
        .iter()
        .filter(|layer| matches!(layer.state, RemakeState::Stored | RemakeState::Failed(_)))
        .collect();
    let failed: Vec<(LayerId, &Failure)> = layers
        .iter()
        .filter_map(|layer| match &layer.state {
            RemakeState::Failed(failure) => Some((layer.layer.id, failure)),
            _ => None,
        })
        .collect();
    use_news(*kind, layers.len(), made.len(), failed.len(), on);

    let ids = |layers: &[&Remaking]| layers.iter().map(|layer| layer.layer.id).collect::<Vec<_>>();
    let make = once(dispatch.reform({
        let (layers, level) = (ids(&left), *level);
        move |()| Action::Remake { layers: layers.clone(), level }
    }));
    let restore = once(dispatch.reform({
        let layers = ids(&made);
        move |()| Action::Restore(layers.clone())
    }));
    let them = if left.len() == 1 { "it" } else { "them" };
    let (title, detail) = if on > 0 {
        let all = layers.len() as u64;
        (
            format!("Making {} gzip: {} of {all} done", kind.counted(all), made.len()),
            html! { <Progress layers={layers.clone()} /> },
        )
    } else if left.is_empty() {
        (now_gzip(*kind, made.len() as u64), html! { <p>{ became(&made) }</p> })
    } else {
        let estimate = Estimate::of(left.iter().map(|layer| &layer.layer), *level, run.cores);
        let mut title = kind.reason(left.len() as u64);
        if !made.is_empty() {
            title.push_str(&format!("; {} made", human::count(made.len() as u64)));
        }
        (title, html! { <p>{ price(*kind, run, &left, &estimate) }</p> })
    };
    html! {
        <li class="doable">
            <div class="doable__words">
                <b>{ title }</b>
                { detail }
            </div>
            <div class="row doable__actions">
                if on > 0 {
                    <Button
                        key="cancel"
                        size={Size::Small}
                        emphasis={Emphasis::Quiet}
                        label=" compressing"
                        onclick={dispatch.reform(|_| Action::CancelRemake)}
                    >
                        { "Cancel" }
                    </Button>
                }
                if !made.is_empty() && on == 0 {
                    <Button key="restore" size={Size::Small} onclick={restore}>
                        { if made.len() == 1 { "Take the stored layer again" } else { "Take the stored layers again" } }
                    </Button>
                }
                if on > 0 || !left.is_empty() {
                    <Button
                        key="make"
                        size={Size::Small}
                        disabled={on > 0}
                        label={format!(": {}", kind.counted(left.len().max(1) as u64))}
                        onclick={make}
                    >
                        {
                            if on > 0 { "Being made".to_owned() }
                            else if failed.is_empty() { format!("Make {them} gzip") }
                            else { "Try again".to_owned() }
                        }
                    </Button>
                }
            </div>
            if on == 0 {
                { for failed.iter().map(|(id, failure)| failed_line(run, *id, failure)) }
            }
        </li>
    }
}

/// Says to those who do not look when layers are done.
#[hook]
fn use_news(kind: Kind, all: usize, made: usize, failed: usize, on: usize) {
    let announcer = use_announcer();
    let before = use_mut_ref(|| None::<(usize, usize)>);
    use_effect_with((made, failed, on), move |(made, failed, on)| {
        let was = before.borrow_mut().replace((*made, *failed));
        // What was so when the panel came is no news.
        let Some((made_before, failed_before)) = was else { return };
        if *made > made_before || *failed > failed_before {
            let mut words = format!("{made} of {} made gzip", kind.counted(all as u64));
            if *failed > 0 {
                words.push_str(&format!(", {failed} failed"));
            }
            if *on > 0 {
                words.push_str(", the others go on");
            }
            announcer.say(words);
        } else if *made < made_before {
            announcer.say("The stored layers are taken again");
        }
    });
}

/// The second press of a double click would be about something else already.
fn once(action: Callback<()>) -> Callback<MouseEvent> {
    Callback::from(move |event: MouseEvent| {
        if event.detail() <= 1 {
            action.emit(());
        }
    })
}

/// "96.2 MiB would become about 120 MiB, in about 40 s.", and what that means for the index.
fn price(kind: Kind, run: &Run, left: &[&Remaking], estimate: &Estimate) -> String {
    let stored = left.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.layer.size));
    let smallest = run.options.min_layer_size;
    let falls_below = |(layer, size): &(&&Remaking, &u64)| {
        // An index that a layer does not have it cannot lose.
        **size < smallest && (kind != Kind::Plain || layer.layer.size >= smallest)
    };
    let small = left.iter().zip(&estimate.sizes).filter(falls_below).count();
    let below = format!("below the smallest layer to index, {}", human::setting(smallest));
    let who = match (left.len(), small) {
        (1, _) => "It".to_owned(),
        (all, small) if all == small => "They".to_owned(),
        _ => format!("{small} of them"),
    };
    let index = match (kind, small) {
        (Kind::Plain, 0) if left.iter().all(|layer| layer.layer.size < smallest) => String::new(),
        (Kind::Plain, 0) if left.len() == 1 => " It gets an index either way.".to_owned(),
        (Kind::Plain, 0) => " They get an index either way.".to_owned(),
        (Kind::Plain, _) => format!(" {who} would fall {below}."),
        (_, 0) => String::new(),
        _ => format!(" {who} would stay {below}."),
    };
    format!("{} would become {}, in {}.{index}", human::size(stored), estimate.size(), estimate.duration())
}

fn now_gzip(kind: Kind, layers: u64) -> String {
    let verb = if layers == 1 { "is" } else { "are" };
    match kind {
        Kind::Refused => format!("{} {verb} compressed anew", human::counted(layers, "layer")),
        _ => format!("{} {verb} gzip now", kind.counted(layers)),
    }
}

fn became(made: &[&Remaking]) -> String {
    let sum = |of: fn(&Remaking) -> u64| made.iter().fold(0_u64, |sum, layer| sum.saturating_add(of(layer)));
    let stored = sum(|layer| layer.layer.size);
    let new = sum(|layer| match layer.state {
        RemakeState::Made { size } => size,
        _ => 0,
    });
    format!("{} became {}.", human::size(stored), human::size(new))
}

fn failed_line(run: &Run, id: LayerId, failure: &Failure) -> Html {
    let layer = run
        .report
        .layer(id)
        .map_or_else(|| "A layer".to_owned(), |layer| format!("Layer {}", layer.position));
    // Where it is, is said already.
    let facts = failure.facts.iter().filter(|(name, _)| *name != "where");
    let facts: Vec<String> = facts.map(|(name, value)| format!("{name} {value}")).collect();
    html! {
        <div class="remake__failed note note--bad" key={id.0}>
            <Glyph icon={Icon::Stop} />
            <span>
                <span class="vh">{ format!("{}: ", Tone::Bad.word()) }</span>
                <b>{ format!("{layer}: {}.", failure.headline) }</b>
                { format!(" {}", failure.reason) }
                if !facts.is_empty() {
                    { format!(" ({})", facts.join("; ")) }
                }
                if let Some(fix) = &failure.fix {
                    { format!(" {fix}") }
                }
                { " The stored layer stays." }
            </span>
        </div>
    }
}

/// Props of [`Progress`].
#[derive(PartialEq, Properties)]
struct ProgressProps {
    layers: Vec<Remaking>,
}

/// Share of the work on a layer that is over once it is compressed; what is left is its zTOC. By the
/// speeds of both at level 6.
const COMPRESSED: f64 = 0.9;

/// How far a group is, and how long it takes.
#[component]
fn Progress(props: &ProgressProps) -> Html {
    let all: f64 = props.layers.iter().map(|layer| layer.layer.size as f64).sum();
    let (mut done, mut rate) = (0.0, 0.0);
    for layer in &props.layers {
        let size = layer.layer.size as f64;
        let share = |read: u64, total: u64| if total == 0 { 1.0 } else { read as f64 / total as f64 };
        done += size
            * match layer.state {
                RemakeState::Stored | RemakeState::Waiting => 0.0,
                RemakeState::Compressing { read, total, rate: now } => {
                    rate += now;
                    share(read, total) * COMPRESSED
                }
                RemakeState::Indexing { read, total, .. } => {
                    COMPRESSED + share(read, total) * (1.0 - COMPRESSED)
                }
                RemakeState::Made { .. } | RemakeState::Failed(_) => 1.0,
            };
    }
    let left = (rate > 0.0).then(|| about((all - done) / rate));
    let percent = human::percent(done as u64, all as u64);
    html! {
        <div class="doable__progress">
            <progress max={all.to_string()} value={done.to_string()} aria-label="Layers compressed" />
            <span>
                { percent }
                if let Some(left) = left {
                    { format!(", {left} left") }
                }
            </span>
        </div>
    }
}
