using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Master.Images;
using Ahoy.Master.Storage;
using Ahoy.Runtimes;

namespace Ahoy.Master.Builds;

/// <summary>
/// Builds an application image (DESIGN: images): packages layer, dependencies layer, files layer, manifest, and verification
/// in a container of the finished image. Layers stand in the order of how seldom they change.
/// </summary>
internal sealed class ImageBuilder(BlobStore blobs, Database database, ImageRegister register, BuildContainers containers, MasterOptions options, TimeProvider time)
{
    /// <summary>Returns the manifest's digest; image and layers are in the store.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.BuildFailed"/> with what is missing, or what the package manager said.</exception>
    public async Task<Digest> BuildAsync(string id, BuildRequest request, ImageView baseImage, BuildLog log, CancellationToken cancellationToken)
    {
        log.WriteLine($"Base {baseImage.Name} ({baseImage.Digest})");
        var source = await ImageReader.ReadAsync(baseImage.Digest, blobs, cancellationToken);
        var links = register.Contents(baseImage).DirectoryLinks;
        var layers = new List<NewLayer>();
        if (request.Packages.Count > 0)
            layers.Add(await PackagesAsync(id, request, baseImage.Digest, log, cancellationToken));
        if (request.Dependencies.Count > 0)
            layers.Add(await FilesAsync(Placed(request.Dependencies, links), "dependencies", log, cancellationToken));
        if (request.Files.Count > 0)
            layers.Add(await FilesAsync(Placed(request.Files, links), "files", log, cancellationToken));

        var composed = ImageComposer.Extend(source, layers, request.Entrypoint);
        await blobs.AddAsync(composed.Config, cancellationToken);
        var manifest = await blobs.AddAsync(composed.Manifest, cancellationToken);
        if (request.Programs.Count > 0)
            await VerifyAsync(id, manifest, request.Programs, log, cancellationToken);
        log.WriteLine($"Image {request.Name} ({manifest})");
        return manifest;
    }

    private async Task<NewLayer> PackagesAsync(string id, BuildRequest request, Digest baseImage, BuildLog log, CancellationToken cancellationToken)
    {
        var packages = request.Packages.Distinct().Order(StringComparer.Ordinal).ToList();
        var key = BuildKeys.OfPackages(baseImage, packages);
        if (FindLayer(key) is { } known)
        {
            log.WriteLine($"Packages {string.Join(' ', packages)}: from the store");
            return Layer(known.Digest, known.Size, "packages", "apt-get install " + string.Join(' ', packages));
        }

        log.WriteLine($"Packages {string.Join(' ', packages)}");
        var (digest, size) = await containers.InstallPackagesAsync($"build-{id}", baseImage, packages, log, cancellationToken);
        await database.WriteAsync(connection => connection.Execute(
            "INSERT INTO package_layers (key, digest, size) VALUES ($key, $digest, $size) ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, size = excluded.size",
            ("$key", key), ("$digest", digest.ToString()), ("$size", size)));
        return Layer(digest, size, "packages", "apt-get install " + string.Join(' ', packages));
    }

    private (Digest Digest, long Size)? FindLayer(string key)
    {
        var rows = database.Read(connection => connection.Query(
            "SELECT digest, size FROM package_layers WHERE key = $key", row => (Digest.Parse(row.GetString(0)), row.GetInt64(1)), ("$key", key)));
        return rows.Count == 1 && blobs.Touch(rows[0].Item1, time.GetUtcNow()) ? rows[0] : null;
    }

    private async Task<NewLayer> FilesAsync(List<BuildFile> files, string role, BuildLog log, CancellationToken cancellationToken)
    {
        log.WriteLine($"{files.Count} {role}");
        var path = Path.Combine(options.DataDirectory, "tmp", Path.GetRandomFileName());
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var tar = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await FilesLayer.WriteAsync(files, blobs, tar, cancellationToken);
        tar.Position = 0;
        var digest = await blobs.AddAsync(tar, null, null, cancellationToken);
        return Layer(digest, tar.Length, role, $"ahoy build: {role}");
    }

    /// <summary>Where the base has a link to a directory (/lib → usr/lib), files go where it leads: an entry "lib/x" would replace the link itself.</summary>
    private static List<BuildFile> Placed(IReadOnlyList<BuildFile> files, IReadOnlyDictionary<string, string> links) => [.. files
        .Where(file => file.Type != BuildFileType.Directory || !links.ContainsKey("/" + file.Path))
        .Select(file => file.Path.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 && links.TryGetValue("/" + file.Path[..slash], out var target)
            ? file with { Path = target.Trim('/') + file.Path[slash..] }
            : file)
        .DistinctBy(file => file.Path)];

    private static NewLayer Layer(Digest digest, long size, string role, string createdBy) =>
        new() { Digest = digest, Size = size, Role = role, CreatedBy = createdBy };

    private async Task VerifyAsync(string id, Digest manifest, IReadOnlyList<string> programs, BuildLog log, CancellationToken cancellationToken)
    {
        log.WriteLine($"Verifying {string.Join(' ', programs)}");
        var (code, output) = await containers.VerifyAsync($"verify-{id}", manifest, programs, cancellationToken);
        if (code == 0)
            return;
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            log.WriteLine("  " + line);
        }

        throw new AhoyException(ErrorCode.BuildFailed, $"The finished image can't run what was added:\n{output.TrimEnd()}\nName the missing packages with --package, or add the missing files with --add.");
    }
}
