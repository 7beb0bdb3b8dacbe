using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;

namespace Ahoy.Client.Api;

internal sealed partial class MasterApi
{
    /// <param name="kind">Null: both kinds.</param>
    public Task<ImageList> ListImagesAsync(ImageKind? kind, CancellationToken cancellationToken) =>
        GetAsync(kind is null ? Routes.Images : $"{Routes.Images}?kind={Word(kind.Value)}", AhoyJson.Default.ImageList, cancellationToken);

    public Task<ImageView> GetImageAsync(ImageKind kind, string name, CancellationToken cancellationToken) =>
        GetAsync(Routes.Fill(Routes.Image, Word(kind), name), AhoyJson.Default.ImageView, cancellationToken);

    /// <summary>Null when there is no image of that name.</summary>
    public async Task<ImageView?> FindImageAsync(ImageKind kind, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await GetImageAsync(kind, name, cancellationToken);
        }
        catch (AhoyException e) when (e.Code is ErrorCode.NotFound or ErrorCode.UnknownImage or ErrorCode.UnknownBase)
        {
            return null;
        }
    }

    public Task<ImageView> RegisterImageAsync(ImageRegistration registration, CancellationToken cancellationToken) =>
        PostAsync(Routes.Images, registration, AhoyJson.Default.ImageRegistration, AhoyJson.Default.ImageView, null, cancellationToken);

    public Task<ImageContents> GetImageContentsAsync(ImageKind kind, string name, CancellationToken cancellationToken) =>
        GetAsync(Routes.Fill(Routes.ImageContents, Word(kind), name), AhoyJson.Default.ImageContents, cancellationToken);

    public Task DeleteImageAsync(ImageKind kind, string name, CancellationToken cancellationToken) =>
        DeleteAsync(Routes.Fill(Routes.Image, Word(kind), name), cancellationToken);

    public Task<BuildView> StartBuildAsync(BuildRequest request, string key, CancellationToken cancellationToken) =>
        PostAsync(Routes.Builds, request, AhoyJson.Default.BuildRequest, AhoyJson.Default.BuildView, key, cancellationToken);

    public async Task<BuildView> WaitForBuildAsync(BuildView build, CancellationToken cancellationToken)
    {
        while (build.State == BuildState.Running)
        {
            build = await GetAsync($"{Routes.Fill(Routes.Build, build.Id)}?wait={WaitSeconds}", AhoyJson.Default.BuildView, cancellationToken);
        }

        return build;
    }

    /// <summary>Ends a build; one that has ended already stays as it is. Returns when it is gone, or after the master's bound.</summary>
    public Task<BuildView> CancelBuildAsync(string id, CancellationToken cancellationToken) =>
        _retry.RunAsync(
            token => CallAsync(() => new HttpRequestMessage(HttpMethod.Delete, Routes.Fill(Routes.Build, id)), AhoyJson.Default.BuildView, token),
            cancellationToken);

    /// <summary>Hands the build's log to <paramref name="target"/> until the build has ended.</summary>
    public Task CopyBuildLogAsync(string id, Action<byte[]> target, CancellationToken cancellationToken) =>
        CopyLogAsync(Routes.Fill(Routes.BuildLog, id), follow: true, target, _ => { }, cancellationToken);

    public static string Word(ImageKind kind) => kind == ImageKind.Base ? "base" : "application";

    private async Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        await _retry.RunAsync(
            async token =>
            {
                using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Delete, path), token);
                return true;
            },
            cancellationToken);
}
