using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;

namespace Ahoy.Master.Agents;

/// <summary>
/// Answers an agent's call (DESIGN: contact). What is said is always derived from the jobs as they are and from what the agent
/// holds, never from a list of messages: a lost response costs a repetition, not a job.
/// </summary>
internal sealed class ContactHandler(AgentDirectory agents, AttemptReports reports, Matcher matcher, JobIndex index, LostAttempts lost, LongPolls polls, MasterOptions options, TimeProvider time)
{
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(5);

    public async Task<ContactResponse> HandleAsync(string agent, ContactRequest request, CancellationToken cancellationToken)
    {
        ContactCheck.Check(request);
        // First what the agent holds: between its reports and that, an older call of its could make the master believe that it forgot them.
        var session = await agents.HearAsync(agent, request);
        await reports.ApplyAsync(agent, request.Reports);
        await lost.GiveBackForgottenAsync(session);
        await agents.KeepProcessAsync(session);

        var contact = session.Enter();
        try
        {
            return await AnswerAsync(session, request.WaitSeconds, cancellationToken);
        }
        finally
        {
            contact.Dispose();
            matcher.Leave(session);
        }
    }

    private async Task<ContactResponse> AnswerAsync(AgentSession session, int waitSeconds, CancellationToken cancellationToken)
    {
        await matcher.OfferAsync(session);

        // A call that waits renews no lease, so it must be over long before the lease is.
        var wait = LongPolls.Bounded(waitSeconds);
        var until = time.GetUtcNow() + (wait < options.Lease / 2 ? wait : options.Lease / 2);
        while (true)
        {
            var woken = session.WhenWoken();
            var (response, unanswered) = Compose(session);
            var left = until - time.GetUtcNow();
            if (HasNews(response) || left <= TimeSpan.Zero || polls.Stopping)
                return response;
            // What was told and shows no effect may fall due for its repetition before the end of the wait.
            await polls.WaitAsync(woken, unanswered && RepeatAfter < left ? RepeatAfter : left, cancellationToken);
        }
    }

    /// <summary>What to tell now, and whether there is something told that shows no effect yet.</summary>
    private (ContactResponse Response, bool Unanswered) Compose(AgentSession session)
    {
        var now = time.GetUtcNow();
        var mine = index.OfAgent(session.Name);
        var active = mine.Select(row => row.AttemptId).ToHashSet();
        var held = session.Held;
        session.ForgetExcept(active.Union(held).ToHashSet());

        var over = held.Where(attempt => !active.Contains(attempt)).ToList();
        var response = new ContactResponse
        {
            LeaseSeconds = (int)options.Lease.TotalSeconds,
            Start = [.. mine
                .Where(row => row.State == JobState.Assigned && !held.Contains(row.AttemptId) && session.ShouldTell(row.AttemptId, "start", now, RepeatAfter))
                .Select(row => row.Order())],
            Cancel = [.. mine
                .Where(row => row.State == JobState.Canceling && session.ShouldTell(row.AttemptId, "cancel", now, RepeatAfter))
                .Select(row => Named(row.AttemptId))],
            Settled = [.. over.Where(attempt => IsSettled(attempt, session.Name) && session.ShouldTell(attempt, "settled", now, RepeatAfter)).Select(Named)],
            Discard = [.. over.Where(attempt => !IsSettled(attempt, session.Name) && session.ShouldTell(attempt, "discard", now, RepeatAfter)).Select(Named)],
        };
        return (response, over.Count > 0 || mine.Any(row => row.State == JobState.Canceling || (row.State == JobState.Assigned && !held.Contains(row.AttemptId))));
    }

    /// <summary>True when the job has ended with just this attempt, by this agent's report. An attempt that was given up may still run there: that one is to be discarded.</summary>
    private bool IsSettled(AttemptId attempt, string agent) =>
        reports.Find(attempt.Job) is { } row && row.State.IsTerminal() && !row.Abandoned && row.Attempt == attempt.Number && row.Agent == agent;

    private static HeldAttempt Named(AttemptId attempt) => new() { Job = attempt.Job, Attempt = attempt.Number };

    private static bool HasNews(ContactResponse response) =>
        response.Start.Count + response.Cancel.Count + response.Discard.Count + response.Settled.Count > 0;
}
