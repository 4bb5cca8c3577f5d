using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Starts and signals the ranks of one job, on this machine or as functions.</summary>
internal interface IRankHost : IDisposable
{
    /// <summary>Prints what they write; ends with the host.</summary>
    IJobOutput Output { get; }

    /// <summary>Starts one rank.</summary>
    /// <param name="rank">The rank, for its output's tag and for standard input.</param>
    /// <param name="request">Program, arguments and environment; the host sees to the standard streams.</param>
    /// <param name="exited">Called once when it ends, on a thread of the host.</param>
    /// <exception cref="LaunchException">It cannot be started.</exception>
    IRankProcess Start(int rank, SpawnRequest request, Action<ExitStatus> exited);

    /// <summary>Processes of the job that live although their rank has ended.</summary>
    IReadOnlyList<int> LeftBehind();

    /// <summary>Signals one process of <see cref="LeftBehind"/>.</summary>
    void Signal(int process, int signal);
}

/// <summary>A started rank.</summary>
internal interface IRankProcess
{
    /// <summary>Its process on this machine; null when it runs elsewhere.</summary>
    int? Id { get; }

    /// <summary>What people find it by, such as <c>pid 4711</c>.</summary>
    string Name { get; }

    /// <summary>The id of the request that a service runs it by; null when it is a process of this machine.</summary>
    string? RequestId => null;

    /// <summary>Signals the rank and the children that stayed in its process group.</summary>
    void Signal(int signal);

    /// <summary>Forgets an ended rank and tells what it used; no signals after this.</summary>
    ResourceUsage? Reap();
}
