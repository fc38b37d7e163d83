//! The files of a zTOC, and a search among them.

use crate::{
    components::{Panel, typed},
    model::{Action, Dispatch, ZtocContent, ZtocFile, ZtocFiles},
};
use sociscope_engine::human;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Files`].
#[derive(PartialEq, Properties)]
pub struct FilesProps {
    /// The zTOC.
    pub content: Rc<ZtocContent>,
    /// Those that were looked for.
    pub files: Rc<ZtocFiles>,
    /// Where actions go.
    pub dispatch: Dispatch,
}

/// The table of files.
#[component]
pub fn Files(props: &FilesProps) -> Html {
    let FilesProps { content, files, dispatch } = props;
    // What is typed stays, whatever the worker has answered by now.
    let typing = use_state(String::new);
    let oninput = {
        let (typing, dispatch) = (typing.clone(), dispatch.clone());
        Callback::from(move |event: InputEvent| {
            let text = typed(&event);
            dispatch.emit(Action::SearchZtoc(text.clone()));
            typing.set(text);
        })
    };
    html! {
        <Panel
            id="files"
            title="Files"
            head={html! { <span class="dim small end" role="status">{ tally(content, files) }</span> }}
        >
            <div class="panel__body">
                <div class="field">
                    <label for="ztoc-search">{ "Name contains" }</label>
                    <input
                        id="ztoc-search"
                        class="input mono"
                        type="search"
                        value={(*typing).clone()}
                        autocomplete="off"
                        spellcheck="false"
                        {oninput}
                    />
                </div>
            </div>
            if files.files.is_empty() {
                <p class="panel__body muted">
                    { if files.search.trim().is_empty() { "No files." } else { "No file has that in its name." } }
                </p>
            } else {
                <div class="scroll" role="region" aria-labelledby="files" tabindex="0">
                    <table class="tbl tbl--paths">
                        <thead>
                            <tr>
                                <th scope="col">{ "Name" }</th>
                                <th scope="col">{ "Kind" }</th>
                                <th scope="col" class="num">{ "Size" }</th>
                                <th scope="col" class="num">{ "Spans" }</th>
                                <th scope="col">{ "Mode" }</th>
                                <th scope="col">{ "Owner" }</th>
                            </tr>
                        </thead>
                        <tbody>{ for files.files.iter().map(row) }</tbody>
                    </table>
                </div>
            }
        </Panel>
    }
}

fn row(file: &ZtocFile) -> Html {
    let kind = match file.kind.as_str() {
        "reg" => "file",
        "dir" => "folder",
        "hardlink" => "hard link",
        "char" | "block" => "device",
        other => other,
    };
    html! {
        <tr>
            <th scope="row" class="mono">
                { &file.name }
                if !file.link.is_empty() {
                    <span class="dim">{ format!(" → {}", file.link) }</span>
                }
            </th>
            <td>{ kind.to_owned() }</td>
            <td class="num">{ u64::try_from(file.size).map_or_else(|_| file.size.to_string(), human::size) }</td>
            <td class="num">{ spans(file) }</td>
            <td><code>{ format!("{:04o}", file.mode) }</code></td>
            <td><code>{ format!("{}:{}", file.owner.0, file.owner.1) }</code></td>
        </tr>
    }
}

fn spans(file: &ZtocFile) -> String {
    match file.spans {
        None => "–".to_owned(),
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("{first}–{last}"),
    }
}

/// `1,000 of 3,412 shown`.
fn tally(content: &ZtocContent, files: &ZtocFiles) -> String {
    let shown = files.files.len() as u64;
    match (files.search.trim().is_empty(), shown < files.found) {
        (true, false) => human::counted(content.entries, "file"),
        (true, true) => format!("the first {} of {}", human::count(shown), human::count(files.found)),
        (false, false) => format!("{} of {}", human::count(files.found), human::count(content.entries)),
        (false, true) => {
            format!("the first {} of {} found", human::count(shown), human::count(files.found))
        }
    }
}
