using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Images;
using Ahoy.Client.Output;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Units;
using Ahoy.Images.Bases;
using Ahoy.Images.Store;

namespace Ahoy.Client.Bases;

/// <summary>`ahoy base create|import|ls|show|rm`.</summary>
internal static class BaseCommand
{
    public static Command Create(ClientContext context)
    {
        var command = new ExampleCommand("base", "Makes, lists and removes base images: the operating system environments on which images are built.");
        command.Add(CreateCreate(context));
        command.Add(CreateImport(context));
        command.Add(ImageCommands.CreateList(context, "ls", ImageKind.Base, "Lists the base images.", "ahoy base ls"));
        command.Add(ImageCommands.CreateShow(context, ImageKind.Base, "ahoy base show debian-12"));
        command.Add(ImageCommands.CreateRemove(context, ImageKind.Base, "ahoy base rm debian-12"));
        return command;
    }

    private static ExampleCommand CreateCreate(ClientContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The base image's name." };
        var suite = Options.Text("--apt", "SUITE", "The release of Debian or of a relative, such as bookworm.");
        var package = Options.Many("--package", "NAME", "A package to install beside the minimal system.");
        var verbosity = new VerbosityOptions();
        var mirror = Options.Text("--mirror", "URL", "Where the packages come from. Default: as this machine's apt has it, else Debian's own.");
        var format = Options.Format();
        var command = new ExampleCommand("create", "Makes a base image from a distribution's packages, on this machine, without root, and uploads it.", "ahoy base create debian-12 --apt bookworm --package ca-certificates");
        command.Add(name);
        foreach (var option in new Option[] { suite, package, mirror, format })
        {
            command.Add(option);
        }

        verbosity.AddTo(command);

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new AptBaseRequest
            {
                Suite = parsed.GetValue(suite) ?? throw new UsageException("Which system? Say it with --apt SUITE, such as --apt bookworm."),
                Packages = parsed.GetValue(package) ?? [],
                Mirror = parsed.GetValue(mirror),
            };
            var image = await AddAsync(
                context,
                parsed.GetRequiredValue(name),
                directory => MakeAsync(context.Terminal, verbosity.Of(parsed), tell => AptBase.CreateAsync(request, directory, tell, cancellationToken)),
                cancellationToken);
            Print(context, image, parsed.GetValue(format));
            return 0;
        });
        return command;
    }

    /// <summary>The package manager's lines: all when asked for, the last one on a terminal while it works.</summary>
    private static Task<OciLayout> MakeAsync(Terminal terminal, Verbosity verbosity, Func<Action<string>, Task<OciLayout>> make)
    {
        var last = "";
        return verbosity switch
        {
            Verbosity.Quiet => make(_ => { }),
            Verbosity.Normal when terminal.DrawsProgress => LiveLine.RunAsync(terminal, elapsed => $"Making the base ({Ages.Short(elapsed)}): {last}", make(line => last = line)),
            _ => make(terminal.Note),
        };
    }

    private static ExampleCommand CreateImport(ClientContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The base image's name." };
        var source = new Argument<string>("SOURCE") { Description = "A directory or tar file: an OCI image layout, or what `docker save` writes." };
        var format = Options.Format();
        var command = new ExampleCommand("import", "Takes an image from this machine's disk as a base image.", "docker save -o rocky.tar rockylinux:9 && ahoy base import rocky-9 rocky.tar");
        command.Add(name);
        command.Add(source);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(source), context.WorkingDirectory);
            if (!Path.Exists(path))
                throw new AhoyException(ErrorCode.NotFound, $"{path} does not exist.");
            var image = await AddAsync(context, parsed.GetRequiredValue(name), directory => ImageImport.ReadAsync(path, directory, cancellationToken), cancellationToken);
            Print(context, image, parsed.GetValue(format));
            return 0;
        });
        return command;
    }

    /// <summary>Makes an image in a temporary directory, uploads and names it. Nothing is left behind here, however it ends.</summary>
    private static async Task<ImageView> AddAsync(ClientContext context, string name, Func<string, Task<OciLayout>> make, CancellationToken cancellationToken)
    {
        ImageName.Check(name);
        using var api = context.Connect();
        // Asked first, because making one takes a while; the master decides in the end.
        if (await api.FindImageAsync(ImageKind.Base, name, cancellationToken) is { } taken)
            throw new AhoyException(ErrorCode.NameTaken, $"There is a base image named {name} already (of {taken.Owner}, {Ages.Clock(taken.CreatedAt)}). Take another name, or remove that one first: `ahoy base rm {name}`.");
        var directory = Directory.CreateTempSubdirectory("ahoy-base-").FullName;
        try
        {
            var layout = await make(directory);
            var registration = new ImageRegistration { Name = name, Kind = ImageKind.Base, Manifest = layout.Manifest };
            return await ImageUpload.RunAsync(context, api, registration, layout.Blobs.Select(blob => (blob.Digest, blob.File)), cancellationToken);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Print(ClientContext context, ImageView image, OutputFormat format)
    {
        if (format == OutputFormat.Json)
            context.Terminal.WriteJson(image);
        else
            context.Terminal.WriteLine($"{image.Name} {image.Digest} {ByteSize.Format(image.Size)}{(image.OsName is null ? "" : $" ({image.OsName})")}");
    }
}
