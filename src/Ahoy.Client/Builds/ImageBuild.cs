using System.Security.Cryptography;
using System.Text.Json;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Images.Capture;

namespace Ahoy.Client.Builds;

/// <summary>Has the master build an application image from files of this machine.</summary>
internal sealed class ImageBuild(ClientContext context, MasterApi api, Verbosity verbosity)
{
    private const string NamePrefix = "run-";
    private const int NameDigits = 24;

    // The master answers when the build is gone, and that within half a minute.
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(40);

    private readonly Dictionary<Digest, LocalBlob> _blobs = [];

    /// <summary>The request, with the digests of all files. Nothing travels yet.</summary>
    /// <param name="request">Name, base, packages, entry point and programs; the files are put in here.</param>
    public async Task<BuildRequest> PrepareAsync(BuildRequest request, IReadOnlyList<CapturedFile> dependencies, IReadOnlyList<CapturedFile> files, CancellationToken cancellationToken)
    {
        var cache = new DigestCache(context.Paths.Cache, TimeProvider.System);
        var complete = request with
        {
            Packages = [.. request.Packages.Distinct().Order(StringComparer.Ordinal)],
            Dependencies = await DigestAsync(cache, dependencies, cancellationToken),
            Files = await DigestAsync(cache, files, cancellationToken),
        };
        cache.Save();
        return complete;
    }

    /// <summary>A name that says what is in the image: the same needs on the same base have the same.</summary>
    public static string DerivedName(BuildRequest request, Digest baseDigest)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(request with { Name = "", Base = baseDigest.ToString() }, AhoyJson.Default.BuildRequest);
        return NamePrefix + Convert.ToHexStringLower(SHA256.HashData(content))[..NameDigits];
    }

    /// <summary>True for names of <see cref="DerivedName"/>.</summary>
    public static bool IsDerivedName(string name) =>
        name.Length == NamePrefix.Length + NameDigits && name.StartsWith(NamePrefix, StringComparison.Ordinal) && name[NamePrefix.Length..].All(char.IsAsciiHexDigitLower);

    /// <summary>Uploads what the master lacks, builds, and shows how far the build is. When it is canceled here, it is canceled at the master.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.BuildFailed"/>, and whatever can go wrong on the way.</exception>
    public async Task<BuildView> RunAsync(BuildRequest request, CancellationToken cancellationToken)
    {
        await ProgressLine.RunAsync(context.Terminal, "Uploading files", progress => new BlobUploader(api, progress).UploadAsync(_blobs.Values, cancellationToken));
        var build = await api.StartBuildAsync(request, Guid.NewGuid().ToString("N"), cancellationToken);
        if (!build.FromStore)
        {
            var output = new BuildOutput(context.Terminal, verbosity);
            try
            {
                build = await LiveLine.RunAsync(context.Terminal, output.Line, FollowAsync(build, output, cancellationToken));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await CancelAsync(build);
                throw;
            }

            if (build.State != BuildState.Complete)
                output.TellEnd();
        }

        return build.State == BuildState.Complete
            ? build
            : throw new AhoyException(ErrorCode.BuildFailed, $"The image {request.Name} could not be built: {build.Error}");
    }

    private async Task<BuildView> FollowAsync(BuildView build, BuildOutput output, CancellationToken cancellationToken)
    {
        var log = api.CopyBuildLogAsync(build.Id, output.Write, cancellationToken);
        var ended = api.WaitForBuildAsync(build, cancellationToken);
        await Task.WhenAll(log, ended);
        return await ended;
    }

    private async Task CancelAsync(BuildView build)
    {
        context.Terminal.Note($"Canceling the build of {build.Name} …");
        using var bound = new CancellationTokenSource(CancelPatience);
        try
        {
            var ended = await api.CancelBuildAsync(build.Id, bound.Token);
            context.Terminal.Note(ended.State == BuildState.Complete ? $"The image {ended.Name} was complete already." : "Canceled.");
        }
        catch (OperationCanceledException e)
        {
            throw new AhoyException(ErrorCode.Unavailable, $"The build of {build.Name} has not ended within {CancelPatience.TotalSeconds:0} s after it was canceled.", e);
        }
    }

    private async Task<IReadOnlyList<BuildFile>> DigestAsync(DigestCache cache, IEnumerable<CapturedFile> files, CancellationToken cancellationToken)
    {
        var result = new List<BuildFile>();
        foreach (var file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            var entry = new BuildFile { Path = file.Path, Type = file.Type, Target = file.Target, Executable = file.Executable };
            if (file.Type == BuildFileType.File)
            {
                var blob = await cache.DigestAsync(file.HostPath!, cancellationToken);
                _blobs.TryAdd(blob.Digest, blob);
                entry = entry with { Digest = blob.Digest, Size = blob.Size };
            }

            result.Add(entry);
        }

        return result;
    }
}
