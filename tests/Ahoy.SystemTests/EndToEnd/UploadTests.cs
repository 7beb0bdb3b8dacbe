using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Blobs;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>Uploads as a broken or hostile client makes them, against the published master.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class UploadTests(OrdinaryUserSystem shared) : IClassFixture<OrdinaryUserSystem>, IAsyncLifetime
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("the content that was announced");
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        var login = (await shared.GetAsync()).Login();
        Assert.True(AccessToken.TryParse(login.Token, out var token));
        _http = new HttpClient(PinnedTls.CreateHandler(token!.CaFingerprint)) { BaseAddress = new Uri(login.Url) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", login.Token);
    }

    public ValueTask DisposeAsync()
    {
        _http?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Upload_BytesAreNotTheAnnouncedOnes_IsRefusedAndForgotten()
    {
        byte[] tampered = [.. Content, 1];
        var digest = Digest.Of(tampered);
        tampered[3] ^= 1;

        using var answer = await SendAsync(digest, offset: 0, length: tampered.Length, tampered);

        Assert.Equal(ErrorCode.DigestMismatch, (await ProblemAsync(answer)).Code);
        Assert.Equal(0, (await ViewAsync(digest)).Offset);
    }

    [Fact]
    public async Task Upload_CutInTheMiddle_GoesOnWhereItStopped()
    {
        byte[] content = [.. Content, 2];
        var digest = Digest.Of(content);

        using var first = await SendAsync(digest, 0, content.Length, content[..10]);
        Assert.Equal(10, (await ViewAsync(digest)).Offset);
        using var wrongPlace = await SendAsync(digest, 12, content.Length, content[12..]);
        using var rest = await SendAsync(digest, 10, content.Length, content[10..]);

        Assert.Equal(ErrorCode.OffsetMismatch, (await ProblemAsync(wrongPlace)).Code);
        Assert.True(rest.IsSuccessStatusCode);
        Assert.True((await ViewAsync(digest)).Complete);
    }

    [Fact]
    public async Task Upload_WithoutToken_IsUnauthorized()
    {
        _http.DefaultRequestHeaders.Authorization = null;

        using var answer = await SendAsync(Digest.Of(Content), 0, Content.Length, Content);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private async Task<HttpResponseMessage> SendAsync(Digest digest, long offset, long length, byte[] body)
    {
        using var message = new HttpRequestMessage(HttpMethod.Patch, Routes.Fill(Routes.Upload, digest)) { Content = new ByteArrayContent(body) };
        message.Headers.Add(Routes.UploadOffsetHeader, offset.ToString());
        message.Headers.Add(Routes.UploadLengthHeader, length.ToString());
        return await _http.SendAsync(message, TestContext.Current.CancellationToken);
    }

    private async Task<UploadView> ViewAsync(Digest digest) =>
        JsonSerializer.Deserialize(await _http.GetByteArrayAsync(Routes.Fill(Routes.Upload, digest), TestContext.Current.CancellationToken), AhoyJson.Default.UploadView)!;

    private static async Task<Problem> ProblemAsync(HttpResponseMessage answer)
    {
        Assert.False(answer.IsSuccessStatusCode);
        return JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), AhoyJson.Default.Problem)!;
    }
}
