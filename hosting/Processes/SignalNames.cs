namespace BoxerMpi.Processes;

/// <summary>Names of the signals that end programs.</summary>
internal static class SignalNames
{
    public static string Of(int signal) => signal switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ when signal == (OperatingSystem.IsMacOS() ? 10 : 7) => "SIGBUS",
        _ when signal == (OperatingSystem.IsMacOS() ? 12 : 31) => "SIGSYS",
        _ when signal == NativeMethods.SigUser1 => "SIGUSR1",
        _ when signal == NativeMethods.SigUser2 => "SIGUSR2",
        _ => $"signal {signal}",
    };
}
