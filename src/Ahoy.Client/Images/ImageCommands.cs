using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Builds;
using Ahoy.Client.Output;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;

namespace Ahoy.Client.Images;

/// <summary>Listing, showing and removing images; the same for `ahoy image …` and `ahoy base …`.</summary>
internal static class ImageCommands
{
    private const int MostJobs = 10_000;

    public static Command CreateImages(ClientContext context) => CreateList(context, "images", null, "Lists the base images and your application images.", "ahoy images");

    public static Command CreateImage(ClientContext context)
    {
        var command = new ExampleCommand("image", "Shows and removes images.");
        command.Add(CreateShow(context, null, "ahoy image show sunspots"));
        command.Add(CreateRemove(context, ImageKind.Application, "ahoy image rm sunspots"));
        command.Add(CreatePrune(context));
        return command;
    }

    private static ExampleCommand CreatePrune(ClientContext context)
    {
        var command = new ExampleCommand("prune", "Removes the images that `ahoy run` made for programs, except those of jobs that have not ended. What is needed again is built again.", "ahoy image prune");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var api = context.Connect();
            var used = (await api.ListJobsAsync(activeOnly: true, MostJobs, cancellationToken)).Jobs.Select(job => job.Request.Image).ToHashSet();
            var images = (await api.ListImagesAsync(ImageKind.Application, cancellationToken)).Images.Where(image => ImageBuild.IsDerivedName(image.Name) && !used.Contains(image.Name)).ToList();
            foreach (var image in images)
            {
                await api.DeleteImageAsync(ImageKind.Application, image.Name, cancellationToken);
            }

            context.Terminal.Note(images.Count == 0 ? "Nothing to remove." : $"Removed {images.Count} image{(images.Count == 1 ? "" : "s")} of ahoy run.");
            return 0;
        });
        return command;
    }

    public static Command CreateList(ClientContext context, string name, ImageKind? kind, string description, string example)
    {
        var format = Options.Format();
        var command = new ExampleCommand(name, description, example);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var list = await api.ListImagesAsync(kind, cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(list);
            else
                ImageText.Table(list.Images).Print(context.Terminal);
            return 0;
        });
        return command;
    }

    /// <param name="kind">Null: whichever has that name; the user's own go before bases.</param>
    public static Command CreateShow(ClientContext context, ImageKind? kind, string example)
    {
        var name = new Argument<string>("NAME") { Description = "The image's name." };
        var format = Options.Format();
        var command = new ExampleCommand("show", "Tells all about an image.", example);
        command.Add(name);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var image = await FindAsync(api, kind, parsed.GetRequiredValue(name), cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(image);
            else
                context.Terminal.Write(ImageText.Describe(image));
            return 0;
        });
        return command;
    }

    public static Command CreateRemove(ClientContext context, ImageKind kind, string example)
    {
        var names = new Argument<string[]>("NAME") { Description = "Names of images.", Arity = ArgumentArity.OneOrMore };
        var command = new ExampleCommand("rm", "Removes images by name. Jobs that were submitted with them still run.", example);
        command.Add(names);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            foreach (var name in parsed.GetRequiredValue(names))
            {
                await RemoveAsync(api, kind, name, cancellationToken);
                context.Terminal.Note($"Removed {name}.");
            }

            return 0;
        });
        return command;
    }

    private static async Task RemoveAsync(MasterApi api, ImageKind kind, string name, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteImageAsync(kind, name, cancellationToken);
        }
        catch (AhoyException e) when (e.Code is ErrorCode.NotFound or ErrorCode.UnknownImage or ErrorCode.UnknownBase)
        {
            var (other, noun, right) = kind == ImageKind.Application ? (ImageKind.Base, "base image", "base") : (ImageKind.Application, "application image", "image");
            if (await api.FindImageAsync(other, name, cancellationToken) is null)
                throw;
            throw new AhoyException(e.Code, $"{name} is {(noun[0] == 'a' ? "an" : "a")} {noun}. Remove it with `ahoy {right} rm {name}`.", e);
        }
    }

    private static async Task<ImageView> FindAsync(MasterApi api, ImageKind? kind, string name, CancellationToken cancellationToken)
    {
        if (kind is not null)
            return await api.GetImageAsync(kind.Value, name, cancellationToken);
        return await api.FindImageAsync(ImageKind.Application, name, cancellationToken)
            ?? await api.FindImageAsync(ImageKind.Base, name, cancellationToken)
            ?? throw new AhoyException(ErrorCode.UnknownImage, $"There is no image named {name} that you may use. `ahoy images` lists those there are.");
    }
}
