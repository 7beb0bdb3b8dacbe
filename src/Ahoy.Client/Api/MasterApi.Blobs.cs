using System.Globalization;
using System.Net.Http.Headers;
using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Api;

internal sealed partial class MasterApi
{
    public Task<BlobAnswer> FindMissingAsync(BlobQuery query, CancellationToken cancellationToken) =>
        PostAsync(Routes.BlobsMissing, query, AhoyJson.Default.BlobQuery, AhoyJson.Default.BlobAnswer, null, cancellationToken);

    /// <summary>Sends a tar of many small blobs. Sent again when it broke off: what has arrived is just there already.</summary>
    public Task UploadBatchAsync(Func<HttpContent> tar, CancellationToken cancellationToken) =>
        _retry.RunAsync(
            async token =>
            {
                using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Post, Routes.BlobsBatch) { Content = tar() }, token);
                return true;
            },
            cancellationToken);

    /// <summary>How far the upload of a blob has come.</summary>
    public Task<UploadView> GetUploadAsync(Digest digest, CancellationToken cancellationToken) =>
        GetAsync(Routes.Fill(Routes.Upload, digest), AhoyJson.Default.UploadView, cancellationToken);

    /// <summary>Sends the bytes from <paramref name="offset"/> on, once. After a failure <see cref="GetUploadAsync"/> says where to go on.</summary>
    public Task<UploadView> AppendUploadAsync(Digest digest, long length, long offset, HttpContent rest, CancellationToken cancellationToken) =>
        CallAsync(
            () => new HttpRequestMessage(HttpMethod.Patch, Routes.Fill(Routes.Upload, digest))
            {
                Content = rest,
                Headers =
                {
                    { Routes.UploadOffsetHeader, offset.ToString(CultureInfo.InvariantCulture) },
                    { Routes.UploadLengthHeader, length.ToString(CultureInfo.InvariantCulture) },
                },
            },
            AhoyJson.Default.UploadView,
            cancellationToken);

    /// <summary>Copies an output's bytes from <paramref name="offset"/> on to <paramref name="target"/>, once.</summary>
    public async Task CopyOutputAsync(JobId id, string path, long offset, Stream target, CancellationToken cancellationToken)
    {
        var route = Routes.Fill(Routes.JobOutput, id, path);
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, route) { Headers = { Range = offset > 0 ? new RangeHeaderValue(offset, null) : null } },
            cancellationToken);
        if (offset > 0 && response.StatusCode != System.Net.HttpStatusCode.PartialContent)
            throw new AhoyException(ErrorCode.OffsetMismatch, $"The master at {Url} does not continue the output \"{path}\" at byte {offset}. Fetch it again.");
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            await body.CopyToAsync(target, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw ApiFailure.Of(e, Url);
        }
    }
}
