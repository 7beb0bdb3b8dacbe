using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>How users name jobs: an id ("42"), a range ("3-7"), or "last".</summary>
internal static class JobSelector
{
    private const int LongestRange = 10_000;

    /// <summary>The ids that the words stand for, in the order given, each once.</summary>
    public static async Task<IReadOnlyList<JobId>> ResolveAsync(MasterApi api, IEnumerable<string> words, CancellationToken cancellationToken)
    {
        var ids = new List<JobId>();
        foreach (var word in words)
        {
            if (word == "last")
                ids.Add(await LastAsync(api, cancellationToken));
            else
                ids.AddRange(Parse(word));
        }

        return [.. ids.Distinct()];
    }

    /// <summary>One id; a range is refused.</summary>
    public static async Task<JobId> ResolveOneAsync(MasterApi api, string word, CancellationToken cancellationToken) =>
        await ResolveAsync(api, [word], cancellationToken) is [var id]
            ? id
            : throw new UsageException($"This command takes one job; {word} are several.");

    /// <exception cref="UsageException">The word is neither an id nor a range.</exception>
    public static IReadOnlyList<JobId> Parse(string word)
    {
        if (JobId.TryParse(word, out var id))
            return [id];
        var dash = word.IndexOf('-');
        if (dash > 0 && JobId.TryParse(word[..dash], out var first) && JobId.TryParse(word[(dash + 1)..], out var last)
            && first.Value <= last.Value && last.Value - first.Value < LongestRange)
        {
            return [.. Enumerable.Range(0, (int)(last.Value - first.Value) + 1).Select(step => new JobId(first.Value + step))];
        }

        throw new UsageException($"\"{word}\" is not a job. Write an id (42), a range of at most {LongestRange} (3-7), or last; `ahoy ps -a` lists yours.");
    }

    private static async Task<JobId> LastAsync(MasterApi api, CancellationToken cancellationToken)
    {
        var list = await api.ListJobsAsync(activeOnly: false, limit: 1, cancellationToken);
        return list.Jobs is [var newest, ..]
            ? newest.Id
            : throw new AhoyException(ErrorCode.NotFound, "You have no job yet, so there is no last one. Submit one: `ahoy submit IMAGE -- CMD`.");
    }
}
