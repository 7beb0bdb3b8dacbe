using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;

namespace Ahoy.Client.Images;

/// <summary>Brings a finished image from this machine to the master and gives it a name there.</summary>
internal static class ImageUpload
{
    /// <param name="blobs">Manifest, config and layers: digest and file of each.</param>
    public static async Task<ImageView> RunAsync(
        ClientContext context,
        MasterApi api,
        ImageRegistration registration,
        IEnumerable<(Digest Digest, string File)> blobs,
        CancellationToken cancellationToken)
    {
        var files = blobs.Select(blob => new LocalBlob(blob.File, blob.Digest, FileStamp.Of(blob.File))).ToList();
        await ProgressLine.RunAsync(context.Terminal, $"Uploading {registration.Name}", progress => new BlobUploader(api, progress).UploadAsync(files, cancellationToken));
        return await api.RegisterImageAsync(registration, cancellationToken);
    }
}
