using System.Collections.Concurrent;
using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Ahoy.Master.Agents;
using Ahoy.Master.Images;
using Ahoy.Master.Storage;
using Ahoy.Processes;
using Ahoy.Runtimes;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Builds;

/// <summary>Accepts builds, answers known ones from the store, and runs the rest one after the other: builds are heavy, and two equal ones then share their work.</summary>
internal sealed partial class BuildQueue(
    ImageBuilder builder, ImageCatalog catalog, ImageRegister register, BlobStore blobs, BlobUsers users, AttemptBlobs images, Database database, TokenStore tokens, MasterOptions options, TimeProvider time, ILogger<BuildQueue> logger)
    : IAsyncDisposable
{
    private const int KeptRecords = 1000;
    private readonly ConcurrentDictionary<string, BuildRecord> _builds = new();
    private readonly SemaphoreSlim _one = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _logs = Directory.CreateDirectory(Path.Combine(options.DataDirectory, "builds")).FullName;

    /// <summary>Checks a build and starts it, or answers it from the store.</summary>
    public async Task<BuildView> StartAsync(string owner, BuildRequest request)
    {
        Check(request);
        var baseImage = catalog.Resolve(owner, request.Base, ErrorCode.UnknownBase);
        RequireTrusted(owner, request, baseImage);
        RequireUploaded(owner, request);
        var key = BuildKeys.OfBuild(baseImage.Digest, request);

        var id = Guid.NewGuid().ToString("n", CultureInfo.InvariantCulture)[..12];
        var record = new BuildRecord(id, owner, request.Name, new BuildLog(Path.Combine(_logs, id + ".log")), time.GetUtcNow());
        Remember(id, record);
        if (await FindResultAsync(key) is { } known)
        {
            await register.AddAsync(owner, request.Name, ImageKind.Application, known, request.Base, CancellationToken.None);
            record.Complete(known, fromStore: true, time.GetUtcNow());
        }
        else
        {
            _ = RunAsync(record, owner, request, baseImage, key);
        }

        return record.View;
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>.</exception>
    public BuildRecord Get(string owner, string id) =>
        _builds.TryGetValue(id, out var record) && record.Owner == owner
            ? record
            : throw new AhoyException(ErrorCode.NotFound, $"You have no build {id} since this master started. Ask for the build again: what is done is not done twice.");

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // The last build's container is removed before the master goes.
        await Task.WhenAll(_builds.Values.Select(record => record.Ended));
        _stopping.Dispose();
    }

    /// <summary>Records are for following a build; the oldest that have ended make room.</summary>
    private void Remember(string id, BuildRecord record)
    {
        _builds[id] = record;
        foreach (var (old, _) in _builds.Where(build => build.Value.Ended.IsCompleted).OrderBy(build => build.Value.View.StartedAt).Take(_builds.Count - KeptRecords))
        {
            if (_builds.TryRemove(old, out var ended))
                ended.Dispose();
        }
    }

    /// <summary>Package managers of an image run as root of the master's namespace, with its network: only in images of people whom the master's manager is.</summary>
    private void RequireTrusted(string owner, BuildRequest request, ImageView baseImage)
    {
        if (request.Packages.Count > 0 && !tokens.IsManager(baseImage.Owner) && !tokens.IsManager(owner))
            throw new AhoyException(ErrorCode.Forbidden, $"Packages can be added only to images that a manager of this master made; {baseImage.Name} was made by {baseImage.Owner}. Use a base of a manager's, or ask one to import yours.");
    }

    private async Task RunAsync(BuildRecord record, string owner, BuildRequest request, ImageView baseImage, string key)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, record.Canceled);
        try
        {
            await _one.WaitAsync(limit.Token);
            limit.CancelAfter(options.BuildLimit);
            try
            {
                // The build before this one may have been the same.
                var fromStore = await FindResultAsync(key);
                var manifest = fromStore ?? await builder.BuildAsync(record.View.Id, request, baseImage, record.Log, limit.Token);
                if (fromStore is null)
                {
                    await database.WriteAsync(connection => connection.Execute(
                        "INSERT INTO build_results (key, manifest) VALUES ($key, $manifest) ON CONFLICT (key) DO UPDATE SET manifest = excluded.manifest",
                        ("$key", key), ("$manifest", manifest.ToString())));
                }

                await register.AddAsync(owner, request.Name, ImageKind.Application, manifest, request.Base, limit.Token);
                record.Complete(manifest, fromStore is not null, time.GetUtcNow());
            }
            finally
            {
                _one.Release();
                DaemonMemory.GiveBack();
            }
        }
        catch (OperationCanceledException)
        {
            record.Fail(
                _stopping.IsCancellationRequested ? "The master was stopped during the build. Ask for it again."
                : record.Canceled.IsCancellationRequested ? "Canceled by its user."
                : $"The build took longer than {options.BuildLimit.TotalMinutes:0} minutes, the most that this master allows, and was ended.",
                time.GetUtcNow());
        }
        catch (Exception e) when (e is AhoyException or ProgramFailedException or IOException or UnauthorizedAccessException)
        {
            Log.Failed(logger, record.View.Id, request.Name, e);
            record.Fail(e.Message, time.GetUtcNow());
        }
        catch (Exception e)
        {
            Log.Failed(logger, record.View.Id, request.Name, e);
            record.Fail("The master met an error of its own; its log says more.", time.GetUtcNow());
        }
    }

    /// <summary>The image that the same inputs made before, when it is still whole.</summary>
    private async Task<Digest?> FindResultAsync(string key)
    {
        var text = database.Read(connection => connection.Scalar<string>("SELECT manifest FROM build_results WHERE key = $key", ("$key", key)));
        if (!Digest.TryParse(text, out var manifest) || !blobs.Contains(manifest))
            return null;
        var now = time.GetUtcNow();
        return (await images.PartsAsync(manifest, CancellationToken.None)).All(part => blobs.Touch(part, now)) ? manifest : null;
    }

    private static void Check(BuildRequest request)
    {
        // JSON's null passes the reader inside lists, and, when it reads from a stream, for properties with a default.
        if (request.Packages is null || request.Programs is null || request.Entrypoint is null || request.Dependencies is null || request.Files is null
            || request.Packages.Concat(request.Programs).Concat(request.Entrypoint).Any(text => text is null) || request.Dependencies.Concat(request.Files).Any(file => file is null))
            throw new AhoyException(ErrorCode.InvalidRequest, "The build holds null where a value must be.");
        ImageName.Check(request.Name);
        foreach (var package in request.Packages)
        {
            PackageName.Check(package);
        }

        foreach (var file in request.Dependencies.Concat(request.Files))
        {
            RelativePaths.Check(file.Path, "image file");
            if (file.Type == BuildFileType.File && file.Digest is null)
                throw new AhoyException(ErrorCode.InvalidRequest, $"The file {file.Path} of the build has no digest.");
            if (file.Type == BuildFileType.Symlink && string.IsNullOrEmpty(file.Target))
                throw new AhoyException(ErrorCode.InvalidRequest, $"The symbolic link {file.Path} of the build has no target.");
        }

        foreach (var program in request.Programs)
        {
            if (!program.StartsWith('/') || program.Contains('\0', StringComparison.Ordinal))
                throw new AhoyException(ErrorCode.InvalidRequest, $"The program path \"{program}\" must be absolute.");
        }
    }

    private void RequireUploaded(string owner, BuildRequest request)
    {
        var files = request.Dependencies.Concat(request.Files).Where(file => file.Type == BuildFileType.File).ToList();
        var missing = users.Missing(owner, [.. files.Select(file => file.Digest!.Value)]);
        if (missing.Count == 0)
            return;
        var file = files.First(file => file.Digest == missing[0]);
        throw new AhoyException(ErrorCode.MissingBlob, $"The file {file.Path} ({file.Digest}) has not been uploaded. Upload it first, then build.");
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Build {Id} of {Name} failed")]
        public static partial void Failed(ILogger logger, string id, string name, Exception error);
    }
}
