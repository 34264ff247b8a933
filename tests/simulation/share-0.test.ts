import { testShare } from './share';

testShare(0);
