using System.Text.Json;
using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;

namespace Ahoy.Client.Builds;

/// <summary>Which base an image is built on, and what that base holds.</summary>
internal sealed class BaseChoice(ClientContext context, MasterApi api)
{
    /// <param name="name">Null: the only base that there is.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.UnknownBase"/>, with the bases there are.</exception>
    public async Task<ImageView> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if (name is not null)
        {
            return await api.FindImageAsync(ImageKind.Base, name, cancellationToken)
                ?? await api.FindImageAsync(ImageKind.Application, name, cancellationToken)
                ?? throw Unknown($"There is no base image named {name}.", await ListAsync(cancellationToken));
        }

        var bases = await ListAsync(cancellationToken);
        return bases is [var only] ? only : throw Unknown(bases.Count == 0 ? "There is no base image yet." : "There are several base images.", bases);
    }

    /// <summary>The contents belong to the digest, so each is asked for once.</summary>
    public async Task<ImageContents> ContentsAsync(ImageView image, CancellationToken cancellationToken)
    {
        var directory = Path.Combine(context.Paths.Cache, "contents");
        var file = Path.Combine(directory, image.Digest.Hex + ".json");
        if (File.Exists(file))
        {
            try
            {
                await using var cached = File.OpenRead(file);
                if (await JsonSerializer.DeserializeAsync(cached, AhoyJson.Default.ImageContents, cancellationToken) is { } known)
                    return known;
            }
            catch (JsonException)
            {
                // Damaged, or of another version: it is replaced below.
            }
        }

        var contents = await api.GetImageContentsAsync(image.Kind, image.Name, cancellationToken);
        PrivateFile.MakeDirectory(directory);
        PrivateFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(contents, AhoyJson.Default.ImageContents));
        return contents;
    }

    private async Task<IReadOnlyList<ImageView>> ListAsync(CancellationToken cancellationToken) =>
        (await api.ListImagesAsync(ImageKind.Base, cancellationToken)).Images;

    private static AhoyException Unknown(string what, IReadOnlyList<ImageView> bases)
    {
        var next = bases.Count == 0
            ? "Make one: `ahoy base create debian-12 --apt bookworm`."
            : $"Say which with --base: {string.Join(", ", bases.Select(image => image.Name).Order())}.";
        return new AhoyException(ErrorCode.UnknownBase, $"{what} {next}");
    }
}
