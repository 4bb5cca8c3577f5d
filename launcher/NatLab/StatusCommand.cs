using System.CommandLine;
using BoxerMpi.NatLab;
using BoxerMpi.NatLab.Kernel;

namespace BoxerMpi.Launcher.NatLab;

/// <summary><c>boxer natlab status</c>: the labs of this machine, those of dead processes included.</summary>
internal sealed class StatusCommand : Command
{
    public StatusCommand()
        : base("status", "Shows all labs, and what dead ones have left")
        => SetAction(_ => Execute());

    private static int Execute()
    {
        // Labs without names are gone with whoever made them, be it by kill -9. Only root sees what runs in a lab.
        bool isRoot = KernelCalls.EffectiveUser() == 0;
        if (isRoot)
            Lab.Sweep();
        IReadOnlyList<LabRecord> records = LabRecords.All();
        if (records.Count == 0)
            Console.WriteLine("no labs");

        int width = records.Select(record => record.Prefix.Length).DefaultIfEmpty().Max();
        foreach (LabRecord record in records)
        {
            string state = record.State switch
            {
                LabState.Up => "up",
                LabState.InUse => $"used by process {record.OwnerId}",
                _ => $"left over (process {record.OwnerId} has died)",
            };
            Console.WriteLine($"{record.Prefix.PadRight(width)}  {state}: {record.Description}{(isRoot ? "; " + Processes(record) : "")}");
        }

        if (records.Any(record => record.State == LabState.LeftOver))
            Console.WriteLine("boxer natlab down --all removes what is left over");
        return 0;
    }

    private static string Processes(LabRecord record) => LabProcesses.In(record).Count switch
    {
        1 => "1 process in it",
        int count => $"{count} processes in it",
    };
}
