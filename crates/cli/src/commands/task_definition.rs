//! `sociscope task-definition`

use sociscope_engine::{
    Analysis, Culprit, Failure, Options,
    fargate::{self, Context, Form, Severity, ecr::ImageUri},
    image::ImageKind,
};

use crate::{
    args::TaskDefinitionArgs,
    failure::{Stop, printable},
    output, scan,
};

pub fn run(args: &TaskDefinitionArgs) -> Result<(), Stop> {
    ImageUri::parse(&args.image_uri)
        .map_err(|error| Stop::Usage(format!("--image-uri {}: {error}", args.image_uri)))?;
    let (_, analysis) = scan::open(&args.image, Options::default())?;
    let index = choose(&analysis, args.platform.as_deref())?;
    let image = &analysis.archive().images[index];
    let sizes = analysis.image_sizes(index);
    let mut form = Form::from_image(&image.config, sizes).map_err(|error| {
        Failure::new(
            Culprit::Unsupported,
            image.platform.to_string(),
            format!("Fargate cannot run this image: {error}."),
        )
        .fix("Build it for linux/amd64 or linux/arm64, or choose such an image with --platform.")
    })?;
    if let Some(name) = image.names.first().filter(|name| name.contains('/') || name.contains(':')) {
        form.name_after(name);
    }
    fill(&mut form, args);
    let definition = fargate::build(&form, &image.config);
    let context = Context { image: Some(&image.config), form: Some(&form), ..Context::default() };
    let diagnostics = fargate::check(&definition.to_value(), &context);
    for diagnostic in &diagnostics {
        eprintln!("sociscope: {}", printable(&diagnostic.to_string()));
    }
    let mut text = fargate::to_pretty(&definition).text;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    output::write(&args.out, text.as_bytes())?;
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(Stop::Reported);
    }
    Ok(())
}

fn choose(analysis: &Analysis, platform: Option<&str>) -> Result<usize, Failure> {
    let images =
        || analysis.archive().images.iter().enumerate().filter(|(_, image)| image.kind == ImageKind::Image);
    let found = match platform {
        Some(platform) => analysis.image_index(platform),
        None => images().next().map(|(index, _)| index),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = images().map(|(_, image)| image.platform.to_string()).collect();
        let failure = match platform {
            Some(platform) => Failure::new(
                Culprit::Unsupported,
                analysis.file_name(),
                format!("There is no image for {platform} in the file."),
            ),
            None => Failure::new(Culprit::File, analysis.file_name(), "There is no image in the file."),
        };
        if names.is_empty() { failure } else { failure.fix(format!("Choose one of {}.", names.join(", "))) }
    })
}

fn fill(form: &mut Form, args: &TaskDefinitionArgs) {
    form.image_uri.clone_from(&args.image_uri);
    if let Some(family) = &args.family {
        form.family.clone_from(family);
    }
    if let Some(cpu) = args.cpu {
        form.cpu = cpu;
    }
    if let Some(memory) = args.memory {
        form.memory = memory;
    }
    if args.execution_role.is_some() {
        form.execution_role_arn.clone_from(&args.execution_role);
    }
    if args.task_role.is_some() {
        form.task_role_arn.clone_from(&args.task_role);
    }
    if args.log_group.is_some() {
        form.log_group.clone_from(&args.log_group);
    }
}
