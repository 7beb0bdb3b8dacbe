using System.Text;
using Ahoy.Client.Output;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Images;

/// <summary>Images in words.</summary>
internal static class ImageText
{
    private const int ShortDigest = 19;

    public static TextTable Table(IReadOnlyList<ImageView> images)
    {
        var table = new TextTable("NAME", "KIND", "BASE", "OS", "SIZE", "LAYERS", "AGE", "DIGEST");
        foreach (var image in images)
        {
            table.Add(
                image.Name,
                image.Kind == ImageKind.Base ? "base" : "application",
                image.Base ?? "-",
                image.OsName ?? "-",
                ByteSize.Format(image.Size),
                image.Layers.Count.ToString(),
                Ages.Since(image.CreatedAt),
                image.Digest.ToString()[..ShortDigest]);
        }

        return table;
    }

    public static string Describe(ImageView image)
    {
        var text = new StringBuilder();
        Line("Image", $"{image.Name} ({(image.Kind == ImageKind.Base ? "base" : "application")})");
        Line("Digest", image.Digest.ToString());
        Line("System", image.OsName);
        Line("Base", image.Base);
        Line("Starts", image.Entrypoint.Count == 0 ? null : string.Join(' ', image.Entrypoint));
        Line("Created", $"{Ages.Clock(image.CreatedAt)} by {image.Owner}");
        Line("Size", ByteSize.Format(image.Size));
        foreach (var layer in image.Layers)
        {
            Line("Layer", $"{layer.Digest} {ByteSize.Format(layer.Size)} {layer.Role}".TrimEnd());
        }

        return text.ToString();

        void Line(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append((name + ":").PadRight(9)).Append(PlainText.Line(value)).Append('\n');
        }
    }
}
