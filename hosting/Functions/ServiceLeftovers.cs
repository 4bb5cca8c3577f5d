using BoxerMpi.LambdaService;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>What a Lambda service of this process would leave if the process were killed.</summary>
internal static class ServiceLeftovers
{
    /// <summary>Has it removed then: files, control groups, the lab's record.</summary>
    public static void Guard(Watchdog watchdog, LocalLambda service, Lab? lab)
    {
        watchdog.Guard(service.Folder);
        foreach (string group in ControlGroups.PathsOf(Path.GetFileName(service.Folder)))
            watchdog.GuardControlGroup(group);
        if (lab is not null)
            watchdog.Guard(LabRecords.PathOf(lab.Prefix));
    }
}
