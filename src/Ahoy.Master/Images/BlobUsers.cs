using Ahoy.Contracts;
using Ahoy.Images.Store;
using Ahoy.Master.Storage;

namespace Ahoy.Master.Images;

/// <summary>
/// Who has which blob. Blobs are stored once, but having somebody's digest must not give their bytes: a user may use
/// only what they (or a job of theirs) have uploaded in full, and is told "missing" for everything else. What is not missing is
/// touched: between this answer and its use no retention removes it.
/// </summary>
internal sealed class BlobUsers(Database database, BlobStore blobs, TimeProvider time)
{
    public Task GrantAsync(string user, IReadOnlyCollection<Digest> digests) => database.WriteAsync(connection =>
    {
        foreach (var digest in digests)
        {
            connection.Execute("INSERT INTO blob_users (user, digest) VALUES ($user, $digest) ON CONFLICT DO NOTHING", ("$user", user), ("$digest", digest.ToString()));
        }

        return 0;
    });

    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/> when the user has not uploaded all of them.</exception>
    public void Require(string user, IReadOnlyCollection<Digest> digests)
    {
        if (Missing(user, digests) is [var missing, ..])
            throw new AhoyException(ErrorCode.MissingBlob, $"The blob {missing} has not been uploaded. Upload it first, then register the image.");
    }

    /// <summary>Those of the digests that the user has not uploaded.</summary>
    public IReadOnlyList<Digest> Missing(string user, IReadOnlyCollection<Digest> digests)
    {
        if (digests.Count == 0)
            return [];
        var now = time.GetUtcNow();
        return database.Read<IReadOnlyList<Digest>>(connection =>
            [.. digests.Distinct().Where(digest => connection.Scalar<long>(
                "SELECT count(*) FROM blob_users WHERE user = $user AND digest = $digest", ("$user", user), ("$digest", digest.ToString())) == 0
                || !blobs.Touch(digest, now))]);
    }
}
