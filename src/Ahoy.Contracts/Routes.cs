namespace Ahoy.Contracts;

/// <summary>Every path of the master's two APIs. A version in the path changes only when an old client could no longer understand.</summary>
public static class Routes
{
    /// <summary>Header of POST /jobs and /jobs/batch: a repeated key gives the same job or jobs. Builds need none: equal inputs are one build.</summary>
    public const string IdempotencyKeyHeader = "Idempotency-Key";
    /// <summary>Header of uploads: position of the first byte of the body.</summary>
    public const string UploadOffsetHeader = "Upload-Offset";
    /// <summary>Header of uploads: bytes of the whole blob.</summary>
    public const string UploadLengthHeader = "Upload-Length";
    /// <summary>Header of log responses: offset to ask for next.</summary>
    public const string LogNextOffsetHeader = "Ahoy-Next-Offset";
    /// <summary>Header of log responses: "true" when nothing will follow.</summary>
    public const string LogCompleteHeader = "Ahoy-Log-Complete";
    /// <summary>Header of log responses of jobs: the attempt whose output this is. Offsets belong to one attempt: when it changes, ask from 0 again.</summary>
    public const string LogAttemptHeader = "Ahoy-Attempt";

    /// <summary>GET, without a token: 204 while the master can write to its database, else 503 with problem details.</summary>
    public const string Health = "/health";

    public const string Api = "/api/v1";
    public const string WhoAmI = Api + "/whoami";
    public const string Tokens = Api + "/tokens";
    public const string Token = Api + "/tokens/{id}";
    public const string Agents = Api + "/agents";

    /// <summary>POST: <see cref="Blobs.BlobQuery"/> → <see cref="Blobs.BlobAnswer"/>.</summary>
    public const string BlobsMissing = Api + "/blobs/missing";
    /// <summary>POST: a tar of many small blobs, each entry named by the 64 hexadecimal digits of its digest.</summary>
    public const string BlobsBatch = Api + "/blobs/batch";
    /// <summary>GET: <see cref="Blobs.UploadView"/>. PATCH with <see cref="UploadOffsetHeader"/> and <see cref="UploadLengthHeader"/>: the next bytes.</summary>
    public const string Upload = Api + "/uploads/{digest}";

    /// <summary>GET: list (?kind=base|application). POST: <see cref="Images.ImageRegistration"/>.</summary>
    public const string Images = Api + "/images";
    public const string Image = Api + "/images/{kind}/{name}";
    /// <summary>GET: <see cref="Ahoy.Contracts.Images.ImageContents"/>.</summary>
    public const string ImageContents = Api + "/images/{kind}/{name}/contents";

    public const string Builds = Api + "/builds";
    /// <summary>GET, with ?wait=SECONDS until it is no longer RUNNING. DELETE: cancel.</summary>
    public const string Build = Api + "/builds/{id}";
    /// <summary>GET with ?offset=N&amp;wait=SECONDS.</summary>
    public const string BuildLog = Api + "/builds/{id}/log";

    /// <summary>GET: list (?active=true, ?limit=N, ?before=ID for the next page), each job without its inputs, outputs and environment. POST: submit.</summary>
    public const string Jobs = Api + "/jobs";
    /// <summary>POST: <see cref="Ahoy.Contracts.Jobs.JobBatch"/> → <see cref="Ahoy.Contracts.Jobs.JobBatchAnswer"/>.</summary>
    public const string JobsBatch = Api + "/jobs/batch";
    /// <summary>GET, with ?after=VERSION&amp;wait=SECONDS until its version is greater.</summary>
    public const string Job = Api + "/jobs/{id}";
    public const string JobCancel = Api + "/jobs/{id}/cancel";
    /// <summary>GET with ?offset=N&amp;wait=SECONDS; stream is stdout or stderr.</summary>
    public const string JobLog = Api + "/jobs/{id}/logs/{stream}";
    /// <summary>GET the bytes of one output; supports Range.</summary>
    public const string JobOutput = Api + "/jobs/{id}/outputs/{**path}";

    public const string AgentApi = "/agent/v1";
    public const string Join = AgentApi + "/join";
    public const string Contact = AgentApi + "/contact";
    /// <summary>GET a blob (manifest, config, layer, input) of an attempt that the caller holds; supports Range.</summary>
    public const string AttemptBlob = AgentApi + "/attempts/{job}/{attempt}/blobs/{digest}";
    /// <summary>As <see cref="Upload"/>, for an output of an attempt that the caller holds.</summary>
    public const string AttemptUpload = AgentApi + "/attempts/{job}/{attempt}/uploads/{digest}";

    /// <summary>Puts values into a route's braces, escaped ("**path" keeps its slashes).</summary>
    public static string Fill(string route, params ReadOnlySpan<object> values)
    {
        var result = route;
        foreach (var value in values)
        {
            var open = result.IndexOf('{', StringComparison.Ordinal);
            var close = result.IndexOf('}', StringComparison.Ordinal);
            var text = value.ToString() ?? "";
            var escaped = result[open + 1] == '*'
                ? string.Join('/', text.Split('/').Select(Uri.EscapeDataString))
                : Uri.EscapeDataString(text);
            result = string.Concat(result.AsSpan(0, open), escaped, result.AsSpan(close + 1));
        }

        return result;
    }
}
