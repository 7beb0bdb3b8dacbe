using System.Text.RegularExpressions;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Processes;

namespace Ahoy.Images.Bases;

/// <summary>Makes a base image of a Debian suite on this computer: the essential packages, apt, and what the user names.</summary>
public static partial class AptBase
{
    /// <summary>
    /// Writes the image as an OCI layout into <paramref name="output"/> (made when missing). The same request on an unchanged archive gives the same digest,
    /// for root and for ordinary users.
    /// </summary>
    /// <param name="request">What to make.</param>
    /// <param name="output">A directory on a disk with room for twice the image.</param>
    /// <param name="progress">Called with each line that the tool prints, from any thread.</param>
    /// <exception cref="AhoyException">
    /// <see cref="ErrorCode.NotSupported"/>: this computer lacks something; <see cref="ErrorCode.InvalidRequest"/>: suite or package unknown;
    /// <see cref="ErrorCode.Unavailable"/>: mirror unreachable; <see cref="ErrorCode.DiskFull"/>; <see cref="ErrorCode.BuildFailed"/> with the tool's last lines.
    /// Nothing half-made is left.
    /// </exception>
    public static Task<OciLayout> CreateAsync(AptBaseRequest request, string output, Action<string> progress, CancellationToken cancellationToken) =>
        CreateAsync(request, output, Path.GetTempPath(), progress, cancellationToken);

    /// <param name="request">As above.</param>
    /// <param name="output">As above.</param>
    /// <param name="temporary">Where the work directory is made; everybody must be able to pass through it.</param>
    /// <param name="progress">As above.</param>
    /// <param name="cancellationToken">As above.</param>
    internal static async Task<OciLayout> CreateAsync(AptBaseRequest request, string output, string temporary, Action<string> progress, CancellationToken cancellationToken)
    {
        Check(request);
        Mmdebstrap.CheckUsable();
        using var client = new HttpClient(PublicTls.CreateHandler()) { Timeout = TimeSpan.FromSeconds(30) };
        var archive = await AptArchive.FindAsync(request, AptSource.OfHost(), client, cancellationToken);
        var work = CreateWorkDirectory(temporary);
        try
        {
            var tar = Path.Combine(work, "base.tar");
            await Mmdebstrap.RunAsync(request, archive, work, tar, progress, cancellationToken);
            return await StoreAsync(request, archive, tar, output, cancellationToken);
        }
        catch (ProgramFailedException e)
        {
            throw Explain(request, e);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task<OciLayout> StoreAsync(AptBaseRequest request, AptArchive archive, string tar, string output, CancellationToken cancellationToken)
    {
        var store = new BlobStore(output);
        await using var content = File.OpenRead(tar);
        var digest = await store.AddAsync(content, expected: null, size: null, cancellationToken);
        var layer = new NewLayer
        {
            Digest = digest,
            Size = content.Length,
            Role = "base",
            CreatedBy = string.Join(' ', ["apt", request.Suite, .. request.Packages]),
        };
        var image = ImageComposer.Base(layer, archive.Date);
        await store.AddAsync(image.Config, cancellationToken);
        await store.AddAsync(image.Manifest, cancellationToken);
        return await OciLayout.CreateAsync(store, image.Digest, cancellationToken);
    }

    /// <summary>Both are given to a program as parts of arguments: only what can be a name passes.</summary>
    private static void Check(AptBaseRequest request)
    {
        if (!SuiteName().IsMatch(request.Suite))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{request.Suite}\" is not the name of a suite. Examples: bookworm, trixie, stable.");
        foreach (var package in request.Packages)
        {
            if (!PackageName().IsMatch(package))
                throw new AhoyException(ErrorCode.InvalidRequest, $"\"{package}\" is not the name of a package. Names have lower-case letters, digits, \"+\", \"-\" and \".\"; a version follows after \"=\".");
        }
    }

    /// <summary>Ids of the user namespace work in it, so everybody may pass through, but only this user can list it.</summary>
    private static string CreateWorkDirectory(string temporary)
    {
        var directory = Directory.CreateDirectory(Path.Combine(temporary, $"ahoy-base-{Guid.NewGuid():N}"));
        directory.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return directory.FullName;
    }

    private static AhoyException Explain(AptBaseRequest request, ProgramFailedException e)
    {
        var said = e.Output?.Error ?? "";
        var unknown = UnknownPackage().Matches(said).Select(match => match.Groups[1].Value).Distinct().ToList();
        if (unknown.Count > 0)
            return new AhoyException(ErrorCode.InvalidRequest, $"{request.Suite} has no package {string.Join(", ", unknown)} (in component main). Look for the right name at packages.debian.org.", e);
        if (said.Contains("No space left on device", StringComparison.Ordinal))
            return new AhoyException(ErrorCode.DiskFull, $"No space is left in {Path.GetTempPath()}, where the image is put together. Free some space, or set TMPDIR to a directory on a larger disk.", e);
        if (said.Contains("NO_PUBKEY", StringComparison.Ordinal))
            return new AhoyException(ErrorCode.BuildFailed, $"This computer does not have the key that signs {request.Suite}. Install the distribution's keyring package (debian-archive-keyring, ubuntu-keyring). {e.Message}", e);
        return new AhoyException(ErrorCode.BuildFailed, $"The base image of {request.Suite} could not be made. {e.Message}", e);
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9.+-]*\\z")]
    private static partial Regex SuiteName();

    // Debian policy 5.6.1 (names) and 5.6.12 (versions).
    [GeneratedRegex("^[a-z0-9][a-z0-9.+-]+(:[a-z0-9]+)?(=[A-Za-z0-9.+~:-]+)?\\z")]
    private static partial Regex PackageName();

    [GeneratedRegex("(?:Unable to locate package|Couldn't find any package by (?:glob|regex)|Version '[^']*' for) '?([a-z0-9.+-]+)")]
    private static partial Regex UnknownPackage();
}
