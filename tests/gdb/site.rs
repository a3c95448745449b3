//! `hw site` and `hw stats`: who allocated what is live.

use crate::block::WELL;
use crate::session::Session;
use crate::support::c_program;

#[test]
fn a_site_has_the_stack_of_its_blocks_and_their_sum() {
    let Some(program) = c_program("debugger.c") else { return };
    // Of the blocks that are lost: the largest finding.
    let ask = "python
text = gdb.execute('hw leaks 1', to_string=True)
site = text.split('allocated at site ')[1].split(':')[0]
print(gdb.execute('hw site ' + site, to_string=True))
";
    for profile in ["debug", "leak"] {
        let session = Session { program: &program, profile, way: WELL };
        let Some(answers) = session.ask(&[ask, "hw site 1000000000", "hw stats"]) else { return };
        assert_eq!(answers.live, answers.core);
        let [site, unknown, stats] = &answers.live[..] else { panic!("{:?}", answers.live) };
        assert!(site.contains(": 336 bytes in 7 live blocks\n    #0 0x"), "{site}");
        assert!(site.contains(" in lose ") && site.contains(" in main "), "{site}");
        assert_eq!(unknown, "There is no call site 1000000000.\n");
        // The 40 MiB are the most.
        let sites = stats.split_once("The call sites with the most live bytes:\n  site ");
        let first = sites.and_then(|(_, sites)| sites.lines().next()).expect(stats);
        assert!(first.ends_with(": 41943040 bytes in 1 blocks, in make"), "{stats}");
        assert!(stats.contains("live:       42"), "{stats}");
    }
}
