using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;

namespace Ahoy.Images.Layers;

/// <summary>Makes a layer of a list of files: equal lists give equal bytes, whoever writes them and when.</summary>
public static class FilesLayer
{
    private const uint ExecutableMode = 0x1ed;
    private const uint FileMode = 0x1a4;
    private const uint LinkMode = 0x1ff;

    /// <summary>Writes an uncompressed tar: sorted by ordinal, directories before what is in them (made up where the list has none), owner 0:0, times 0.</summary>
    /// <exception cref="AhoyException">
    /// <see cref="ErrorCode.InvalidRequest"/> for a path that is unusable, comes twice or lies below a file or link;
    /// <see cref="ErrorCode.MissingBlob"/>; <see cref="ErrorCode.DigestMismatch"/> when a blob has not the size or digest that the list says.
    /// </exception>
    public static async Task WriteAsync(IReadOnlyList<BuildFile> files, IBlobSource contents, Stream tar, CancellationToken cancellationToken)
    {
        var writer = new TarWriter(tar);
        foreach (var file in Arrange(files))
        {
            switch (file.Type)
            {
                case BuildFileType.Directory:
                    await writer.WriteAsync(new TarEntry { Name = file.Path + "/", Type = '5', Mode = ExecutableMode }, null, cancellationToken);
                    break;
                case BuildFileType.Symlink:
                    await writer.WriteAsync(new TarEntry { Name = file.Path, Type = '2', Mode = LinkMode, LinkName = file.Target! }, null, cancellationToken);
                    break;
                default:
                    await WriteFileAsync(writer, file, contents, cancellationToken);
                    break;
            }
        }

        await writer.FinishAsync(cancellationToken);
    }

    private static async Task WriteFileAsync(TarWriter writer, BuildFile file, IBlobSource contents, CancellationToken cancellationToken)
    {
        var digest = file.Digest!.Value;
        await using var blob = await contents.OpenAsync(digest, cancellationToken);
        await using var hashed = new HashingStream(blob, _ => { });
        var entry = new TarEntry { Name = file.Path, Type = '0', Mode = file.Executable ? ExecutableMode : FileMode, Size = file.Size };
        try
        {
            await writer.WriteAsync(entry, hashed, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new AhoyException(ErrorCode.DigestMismatch, $"The content of {file.Path} is shorter than the {file.Size} bytes that the request says.", e);
        }

        if (hashed.CurrentDigest() != digest)
            throw new AhoyException(ErrorCode.DigestMismatch, $"The content of {file.Path} is not the {file.Size} bytes with the digest {digest} that the request says.");
    }

    private static SortedDictionary<string, BuildFile>.ValueCollection Arrange(IReadOnlyList<BuildFile> files)
    {
        var all = new SortedDictionary<string, BuildFile>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            Check(file);
            if (!all.TryAdd(file.Path, file))
                throw Refused($"The path \"{file.Path}\" stands twice in the list of files.");
        }

        foreach (var file in files)
        {
            for (var slash = file.Path.LastIndexOf('/'); slash > 0; slash = file.Path.LastIndexOf('/', slash - 1))
            {
                var parent = file.Path[..slash];
                if (all.TryGetValue(parent, out var known) && known.Type != BuildFileType.Directory)
                    throw Refused($"\"{file.Path}\" can't be put below \"{parent}\", which is a file or a symbolic link in the same list.");
                all.TryAdd(parent, new BuildFile { Path = parent, Type = BuildFileType.Directory });
            }
        }

        return all.Values;
    }

    private static void Check(BuildFile file)
    {
        RelativePaths.Check(file.Path, "image");
        if (file.Path.Split('/').Any(name => name.StartsWith(".wh.", StringComparison.Ordinal)))
            throw Refused($"\"{file.Path}\" can't be put into an image: names that begin with \".wh.\" mean deletions in image layers.");
        if (file.Type == BuildFileType.File && (file.Digest is null || file.Size < 0))
            throw Refused($"The file \"{file.Path}\" has no digest or no valid size.");
        if (file.Type == BuildFileType.Symlink && (file.Target is not { Length: > 0 and < 4096 } || file.Target.Contains('\0', StringComparison.Ordinal)))
            throw Refused($"The symbolic link \"{file.Path}\" has no usable target.");
    }

    private static AhoyException Refused(string message) => new(ErrorCode.InvalidRequest, message);
}
