using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Agents;

namespace Ahoy.Tests.Master.Agents;

public sealed class AgentSessionTests
{
    [Fact]
    public void Hear_ADelayedCallOfAnEarlierProcess_ChangesNothing()
    {
        var session = new AgentSession("host1");
        session.Hear(Call("first", process: 1, sequence: 1, held: 5), TimeProvider.System);
        session.Hear(Call("second", process: 2, sequence: 1, held: 6), TimeProvider.System);
        Assert.True(session.TakeNewProcess());

        session.Hear(Call("first", process: 1, sequence: 2, held: 5), TimeProvider.System);

        Assert.False(session.TakeNewProcess());
        Assert.Equal([new AttemptId(new JobId(6), 1)], session.Held);
    }

    private static ContactRequest Call(string session, long process, long sequence, long held) => new()
    {
        Session = session,
        Process = process,
        Sequence = sequence,
        Capabilities = new AgentCapabilities { Cpus = 1, MemoryBytes = 1, Runtime = "crun", Enforcement = "enforced", Version = "1" },
        Held = [new HeldAttempt { Job = new JobId(held), Attempt = 1 }],
    };
}
